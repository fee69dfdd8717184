// SPDX-License-Identifier: Apache-2.0
// Watches streams and queue levels: beats captured, and cycles counted by state of the handshake.
#pragma once

#include <vector>

#include "wires.h"

// Layout known to Python.
struct StreamCounters {
    uint64_t transfers;  // valid and ready
    uint64_t blocked;    // valid, not ready
    uint64_t starved;    // ready, not valid
    uint64_t first, last;  // cycles of the first and last transfer
    uint64_t state;      // in the last cycle: bit 0 valid, bit 1 ready
};

class StreamTap {
public:
    explicit StreamTap(const StreamWires& wires)
        : wires_{wires}, beat_bytes_{(wires.width + 7) / 8} {}

    bool sample(uint64_t cycle) {
        const bool valid = wires_.valid.get() & 1, ready = wires_.ready.get() & 1;
        counters.state = valid | ready << 1;
        if (!valid) {
            counters.starved += ready;
            return false;
        }
        if (!ready) {
            ++counters.blocked;
            return false;
        }
        if (counters.transfers++ == 0) counters.first = cycle;
        counters.last = cycle;
        if (timed) cycles.push_back(cycle);
        if (capture) {
            const auto* from = static_cast<const uint8_t*>(wires_.payload.data);
            data.insert(data.end(), from, from + beat_bytes_);
        }
        return true;
    }

    void state(Archive& a) { a(counters, capture, timed, data, cycles); }

    StreamCounters counters{};
    bool capture = true, timed = false;
    std::vector<uint8_t> data;
    std::vector<uint64_t> cycles;  // of the transfers since they are timed

private:
    StreamWires wires_;
    uint32_t beat_bytes_;
};

class QueueTap {
public:
    explicit QueueTap(const QueueWires& wires) : level_{wires.level} {}

    void sample() {
        const uint64_t level = level_.get();
        if (level > peak) peak = level;
    }

    void state(Archive& a) { a(peak); }

    uint64_t peak = 0;

private:
    Wire level_;
};
