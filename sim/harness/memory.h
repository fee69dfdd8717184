// SPDX-License-Identifier: Apache-2.0
// The external memory: its bytes, what a port sees of them, and when it answers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "archive.h"

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
struct MemoryCounters {
    uint64_t row_hits, row_misses;   // accesses to an open row, and those that had to open one
    uint64_t refresh_cycles;         // in which the memory refreshed
};

// When the memory behind a port acts. A cycle is the design's; addresses are bytes of the view.
class Timing {
public:
    virtual ~Timing() = default;

    // Forgets what is under way; the memory goes on at this cycle.
    virtual void reset(uint64_t cycle) = 0;
    // A read's address was taken in this cycle.
    virtual void read(uint64_t cycle, uint64_t address, uint32_t beats) = 0;
    // The last data of a write was taken in this cycle.
    virtual void write(uint64_t cycle, uint64_t address, uint32_t beats) = 0;
    // Goes on to this cycle; called in every cycle in which something is under way.
    virtual void advance(uint64_t) {}
    // A beat of a write was taken in this cycle.
    virtual void took(uint64_t) {}
    // Whether a beat of a write may be taken in the next cycle.
    virtual bool accepts(uint64_t) { return true; }
    // What happened until this cycle.
    virtual MemoryCounters counters(uint64_t cycle) = 0;
    virtual void state(Archive& a) { a(arrivals_, responses_); }

    // Whether the next beat of the reads may be on the bus in the next cycle; then it is given.
    bool gives(uint64_t cycle) {
        if (arrivals_.empty() || arrivals_.front() > cycle + 1 || !carries(cycle)) return false;
        arrivals_.pop_front();
        return true;
    }
    // Whether the oldest write may be answered in the next cycle; then it is.
    bool answers(uint64_t cycle) {
        if (responses_.empty() || responses_.front() > cycle + 1) return false;
        responses_.pop_front();
        return true;
    }

protected:
    // Whether there is bandwidth for one more beat of reads; then it is used.
    virtual bool carries(uint64_t) { return true; }

    // Cycles from which the beats asked for are there, and writes may be answered, in order.
    std::deque<uint64_t> arrivals_, responses_;
};

// Layout known to Python.
struct IdealConfig {
    uint32_t latency;        // cycles from a read address to its first beat, at least 1
    uint32_t write_latency;  // cycles from the last write beat to its response, at least 1
    uint32_t beats, cycles;  // bandwidth: beats of reads and writes together in so many cycles
};

// A memory of constant latency and bandwidth.
class Ideal final : public Timing {
public:
    explicit Ideal(const IdealConfig& config) : config_{config} {
        config_.latency = std::max(config.latency, 1u);
        config_.write_latency = std::max(config.write_latency, 1u);
        config_.beats = std::max(config.beats, 1u);
        config_.cycles = std::max(config.cycles, config_.beats);
    }

    void reset(uint64_t cycle) override {
        arrivals_.clear(), responses_.clear();
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
    MemoryCounters counters(uint64_t) override { return {}; }
    void state(Archive& a) override {
        Timing::state(a);
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
