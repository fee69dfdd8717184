// SPDX-License-Identifier: Apache-2.0
// The state of a verilated model in an archive: Verilator's own serializers write to files only.
#pragma once

#include <algorithm>

#include "verilated_save.h"

#include "archive.h"

class ModelSaver final : public VerilatedSerialize {
public:
    ~ModelSaver() override = default;
    void flush() override {
        written.insert(written.end(), m_bufp, m_cp);
        m_cp = m_bufp;
    }

    std::vector<uint8_t> written;
};

class ModelLoader final : public VerilatedDeserialize {
public:
    explicit ModelLoader(const std::vector<uint8_t>& from) : from_{from} { m_endp = m_cp; }
    ~ModelLoader() override = default;
    void fill() override {
        const size_t left = m_endp - m_cp;
        std::memmove(m_bufp, m_cp, left);
        const size_t more = std::min(bufferSize() - left, from_.size() - read_);
        std::memcpy(m_bufp + left, from_.data() + read_, more);
        read_ += more, m_cp = m_bufp, m_endp = m_bufp + left + more;
    }

private:
    const std::vector<uint8_t>& from_;
    size_t read_ = 0;
};

template <class Model> void model_state(Archive& a, Model& model) {
    std::vector<uint8_t> bytes;
    if (a.loads()) {
        a(bytes);
        ModelLoader loader{bytes};
        static_cast<VerilatedDeserialize&>(loader) >> model;
    } else {
        ModelSaver saver;
        static_cast<VerilatedSerialize&>(saver) << model;
        saver.flush();
        a(saver.written);
    }
}
