// SPDX-License-Identifier: Apache-2.0
// A fault of the memory behind a port, by configuration: what a machine must survive.
#pragma once

#include <cstdint>

#include "archive.h"

enum FaultKind : uint32_t {
    NO_FAULT,
    ERROR_RESPONSE,  // SLVERR at a beat of a read, or for a write; the data of that beat is 0
    SHORT_BURST,     // RLAST at a beat that is not the last, and no beat after it
    DROPPED,         // a burst is taken and never answered
    STUCK,           // from a burst on nothing is taken or given
};

// Layout known to Python.
struct FaultConfig {
    uint32_t kind;   // a FaultKind
    uint32_t write;  // of writes rather than reads
    uint64_t burst;  // the burst that has it, counted from 0 when it is configured
    uint32_t beat;   // of the burst; the last beat if the burst is shorter
};

// Says which bursts of a port have the fault; memory that is reset has none.
class Injection {
public:
    void configure(const FaultConfig& config) { config_ = config, seen_ = 0, active_ = true; }
    void reset() { active_ = false; }

    // The fault of the burst that is taken now.
    FaultKind next(bool write) {
        if (!active_ || bool(config_.write) != write) return NO_FAULT;
        const bool hit = seen_++ == config_.burst;
        return hit ? FaultKind(config_.kind) : NO_FAULT;
    }
    uint32_t beat() const { return config_.beat; }
    void state(Archive& a) { a(config_, seen_, active_); }

private:
    FaultConfig config_{};
    uint64_t seen_ = 0;
    bool active_ = false;
};
