// SPDX-License-Identifier: Apache-2.0
// The external memory: its bytes, what a port sees of them, and the ideal channel.
#pragma once

#include <algorithm>
#include <cstdint>

#include "archive.h"
#include "memory_channel.h"

// The external memory, shared by all ports; the bytes belong to the caller.
struct Memory {
    uint8_t* data = nullptr;
    uint64_t base = 0, bytes = 0;
    bool answer_errors = false;  // an access out of range is answered, not reported
};

// What a port sees of the memory: all of it, or a channel of a striped one, which is every
// `stride`-th beat from beat `first` on.
struct View {
    uint64_t address = 0;  // of its first beat on the bus, above the memory's base
    uint32_t first = 0, stride = 1;
};

// Layout known to Python.
struct IdealConfig {
    uint32_t latency;        // cycles from a read address to its first beat, at least 1
    uint32_t write_latency;  // cycles from the last write beat to its response, at least 1
    uint32_t beats, cycles;  // bandwidth: beats of reads and writes together in so many cycles
};

// A memory of constant latency and bandwidth.
class Ideal final : public MemoryChannel {
public:
    explicit Ideal(const IdealConfig& config) : config_{config} {
        config_.latency = std::max(config.latency, 1u);
        config_.write_latency = std::max(config.write_latency, 1u);
        config_.beats = std::max(config.beats, 1u);
        config_.cycles = std::max(config.cycles, config_.beats);
    }

    void reset(uint64_t cycle) override {
        MemoryChannel::reset(cycle);
        credit_ = config_.cycles, filled_ = cycle;
    }
    void read(uint64_t cycle, uint64_t, uint32_t beats) override {
        arrivals_.insert(arrivals_.end(), beats, cycle + config_.latency);
    }
    void write(uint64_t cycle, uint64_t, uint32_t) override {
        responses_.push_back(cycle + config_.write_latency);
    }
    bool accepts(uint64_t cycle) override { return fill(cycle) > 0; }
    void took(uint64_t cycle) override { credit_ = fill(cycle) - config_.cycles; }
    void state(Archive& a) override {
        MemoryChannel::state(a);
        a(credit_, filled_);
    }

protected:
    bool carries(uint64_t cycle) override {
        if (fill(cycle) < config_.cycles) return false;
        credit_ -= config_.cycles;
        return true;
    }

private:
    // Unused bandwidth is kept for one beat only: a memory cannot save it up.
    int64_t fill(uint64_t cycle) {
        const int64_t most = int64_t(config_.cycles) + config_.beats - 1;
        const int64_t passed = std::min<uint64_t>(cycle - filled_, most - credit_);
        credit_ = std::min(credit_ + passed * config_.beats, most);
        filled_ = cycle;
        return credit_;
    }

    IdealConfig config_;
    int64_t credit_ = 0;  // a beat costs config_.cycles
    uint64_t filled_ = 0;  // the cycle up to which it counts
};
