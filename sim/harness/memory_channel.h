// SPDX-License-Identifier: Apache-2.0
// When the memory behind a port acts: the class that a model of memory derives from.
#pragma once

#include <cstdint>
#include <deque>

#include "archive.h"

// Layout known to Python.
struct MemoryCounters {
    uint64_t row_hits, row_misses;  // accesses to an open row, and those that had to open one
    uint64_t refresh_cycles;        // in which the memory refreshed
};

// The port that a channel is behind. Layout known to Python.
struct ChannelPort {
    uint32_t port, ports;  // its index, and how many the design has
    uint32_t beat_bytes;   // of the port
    uint32_t period;       // of the design's clock, in picoseconds
};

// A channel has no bytes: it only says when beats are on the bus and when writes are answered.
//
// A cycle is the design's, and counts from 0 on; addresses are bytes of what the port sees. The port
// calls the channel at the end of a cycle, at the rising clock edge, in this order: `advance`, `read`,
// `gives`, `took`, `write`, `answers`, `accepts`. For a read or write that was taken in cycle c,
//
// - `arrivals_` gets a number for each of its beats: the cycle in which it is on the bus at the
//   earliest. A beat that the design does not take waits, and those behind it wait, too;
// - `responses_` gets one number for each write: the cycle in which it is answered at the earliest.
//
// Both are in the order in which the reads, and the writes, were taken. A number may be added at once
// or later, by `advance`; one that is not above the present cycle means the next cycle.
class MemoryChannel {
public:
    virtual ~MemoryChannel() = default;

    // Forgets what is under way; the memory goes on at this cycle. Called before all others.
    virtual void reset(uint64_t) { arrivals_.clear(), responses_.clear(); }
    // A read's address was taken in this cycle.
    virtual void read(uint64_t cycle, uint64_t address, uint32_t beats) = 0;
    // The last data of a write was taken in this cycle.
    virtual void write(uint64_t cycle, uint64_t address, uint32_t beats) = 0;
    // Goes on to this cycle; called in every cycle that begins with something under way.
    virtual void advance(uint64_t) {}
    // A beat of a write was taken in this cycle.
    virtual void took(uint64_t) {}
    // Whether a beat of a write may be taken in the next cycle.
    virtual bool accepts(uint64_t) { return true; }
    // What happened until this cycle.
    virtual MemoryCounters counters(uint64_t) { return {}; }
    // All that later answers depend on, for checkpoints: one function both writes and reads it.
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

    std::deque<uint64_t> arrivals_, responses_;
};

// What a library of one channel offers under the name `make_channel`.
using MakeChannel = MemoryChannel*(const int64_t* numbers, const ChannelPort* port);
