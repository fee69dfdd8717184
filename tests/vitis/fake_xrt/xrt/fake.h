// SPDX-License-Identifier: Apache-2.0
// As much of XRT's C++ interface as the host programs use, with a kernel that answers at once: each
// token is the one before plus one. Memory goes to the files <bank>.bin, so that a test may look.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

enum xclBOSyncDirection { XCL_BO_SYNC_BO_TO_DEVICE, XCL_BO_SYNC_BO_FROM_DEVICE };

namespace xrt {

using memory_group = std::uint32_t;

struct uuid {};

class xclbin {
public:
    class mem {
    public:
        explicit mem(int index) : index_(index) {}
        std::string get_tag() const { return "HBM[" + std::to_string(index_) + "]"; }
        bool get_used() const { return index_ != 9; }
        std::int32_t get_index() const { return index_; }

    private:
        int index_;
    };

    xclbin() = default;
    explicit xclbin(const std::string &file) {
        if (!std::ifstream(file))
            throw std::runtime_error("no xclbin " + file);
    }
    std::vector<mem> get_mems() const {
        std::vector<mem> found;
        for (int index = 0; index < 32; ++index)
            found.emplace_back(index);
        return found;
    }
};

class device {
public:
    explicit device(unsigned index) {
        if (index > 1)
            throw std::runtime_error("no card " + std::to_string(index));
    }
    uuid load_xclbin(const xclbin &) { return {}; }
};

class bo {
public:
    enum class flags { normal };

    bo() = default;
    bo(const device &, std::size_t size, flags, memory_group group)
        : group_(group), host_(size), card_(size) {}
    std::uint64_t address() const {
        return std::getenv("FAKE_UNALIGNED") ? 64 : 0x100000000 + 0x10000000ull * group_;
    }
    void write(const void *data, std::size_t size, std::size_t offset) {
        std::memcpy(&host_.at(offset + size - 1) - (size - 1), data, size);
    }
    void read(void *data, std::size_t size, std::size_t offset) const {
        std::memcpy(data, &host_.at(offset + size - 1) - (size - 1), size);
    }
    void sync(xclBOSyncDirection direction, std::size_t size, std::size_t offset) {
        const bool out = direction == XCL_BO_SYNC_BO_TO_DEVICE;
        std::memcpy(&(out ? card_ : host_)[offset], &(out ? host_ : card_)[offset], size);
        std::ofstream("HBM" + std::to_string(group_) + ".bin", std::ios::binary)
            .write(card_.data(), static_cast<std::streamsize>(card_.size()));
    }

private:
    memory_group group_ = 0;
    std::vector<char> host_, card_;
};

class ip {
public:
    ip(const device &, const uuid &, const std::string &name) {
        if (name != "streamhw")
            throw std::runtime_error("No IP matching '" + name + "'");
        registers_[0x00] = 0x53544857;
        registers_[0x04] = static_cast<std::uint32_t>(std::strtoul(std::getenv("FAKE_BUILD"), nullptr, 0));
        registers_[0x0c] = 1 << 3;
    }
    std::uint32_t read_register(std::uint32_t offset) const {
        const auto found = registers_.find(offset);
        return found == registers_.end() ? 0 : found->second;
    }
    void write_register(std::uint32_t offset, std::uint32_t value) {
        if (offset + 4 > 0x10000)
            throw std::out_of_range("Cannot read or write outside ip register space");
        registers_[offset] = value;
        std::ofstream("writes.txt", std::ios::app) << offset << " " << value << "\n";
        if (offset != 0x08 || !(value & 1))
            return;
        const std::uint32_t window = 0x1000, total = registers_[0x14];
        for (std::uint32_t at = registers_[0x10]; at < total; ++at)
            registers_[window + 4 * at] = registers_[window + 4 * at - 4] + 1;
        registers_[0x18] = total;
        registers_[0x0c] = 1 << 3 | 1 << 1;
    }

private:
    std::map<std::uint32_t, std::uint32_t> registers_;
};

}  // namespace xrt
