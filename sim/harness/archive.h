// SPDX-License-Identifier: Apache-2.0
// The state of a simulation as bytes: one function of an object both writes and reads it.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

class Archive {
public:
    Archive() = default;  // writes
    Archive(const uint8_t* from, uint64_t size) : from_{from}, end_{from + size}, loads_{true} {}

    bool loads() const { return loads_; }
    bool complete() const { return from_ == end_; }

    template <class... T> void operator()(T&... values) { (value(values), ...); }

    void raw(void* data, uint64_t size) {
        if (!loads_) {
            const auto* bytes = static_cast<const uint8_t*>(data);
            written.insert(written.end(), bytes, bytes + size);
            return;
        }
        if (size > uint64_t(end_ - from_)) throw std::runtime_error("the state is cut off");
        std::memcpy(data, from_, size);
        from_ += size;
    }

    std::vector<uint8_t> written;

private:
    template <class T, class = void> struct HasState : std::false_type {};
    template <class T>
    struct HasState<T, std::void_t<decltype(std::declval<T&>().state(std::declval<Archive&>()))>>
        : std::true_type {};

    // An object that says what its state is may have pointers too, even if it can be copied.
    template <class T> void value(T& v) {
        if constexpr (HasState<T>::value) {
            v.state(*this);
        } else {
            static_assert(std::is_trivially_copyable_v<T>);
            raw(&v, sizeof v);
        }
    }
    template <class T> void value(std::vector<T>& v) {
        resize(v);
        if constexpr (std::is_arithmetic_v<T>) raw(v.data(), v.size() * sizeof(T));
        else
            for (T& element : v) value(element);
    }
    template <class T> void value(std::deque<T>& v) {
        resize(v);
        for (T& element : v) value(element);
    }
    void value(std::string& v) {
        resize(v);
        raw(v.data(), v.size());
    }
    template <class C> void resize(C& container) {
        uint64_t size = container.size();
        raw(&size, sizeof size);
        // Every element takes a byte at least: a damaged size must not ask for all memory.
        if (loads_ && size > uint64_t(end_ - from_)) throw std::runtime_error("the state is cut off");
        container.resize(size);
    }

    const uint8_t* from_ = nullptr;
    const uint8_t* end_ = nullptr;
    bool loads_ = false;
};
