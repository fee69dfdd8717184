// SPDX-License-Identifier: Apache-2.0
// Watches streams and queue levels: beats captured, and cycles counted by state of the handshake.
// Watches parts: what each does in every cycle, by the streams at its ports.
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

// One end of a stream.
struct Handshake {
    Wire valid, ready;

    bool offers() const { return valid.bit(); }
    bool takes() const { return ready.bit(); }
};

class StreamTap {
public:
    explicit StreamTap(const StreamWires& wires)
        : wires_{wires}, beat_bytes_{(wires.width + 7) / 8} {}

    Handshake at_sink() const { return {wires_.valid, wires_.ready}; }
    Handshake at_source() const {
        return wires_.offered ? Handshake{wires_.offered, wires_.room} : at_sink();
    }

    Wire payload() const { return wires_.payload; }
    uint32_t beat_bytes() const { return beat_bytes_; }

    bool sample(uint64_t cycle) {
        if (timed && wires_.offered.bit() && wires_.room.bit()) given.push_back(cycle);
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

    void state(Archive& a) { a(counters, capture, timed, data, cycles, given); }

    StreamCounters counters{};
    bool capture = true, timed = false;
    std::vector<uint8_t> data;
    std::vector<uint64_t> cycles;  // of the transfers since they are timed
    std::vector<uint64_t> given;   // the same in front of its queue, if it has one

private:
    StreamWires wires_;
    uint32_t beat_bytes_;
};

// Layout known to Python.
struct PartPort {
    uint32_t stream;  // its number
    uint32_t output;  // whether it is one
    uint32_t memory;  // whether memory is at its other end
};

// What a part does in a cycle; known to Python. One that moves no beat may lack several things, or
// nothing: then it computes.
enum Doing : uint64_t { MOVES = 1, LACKS_ROOM = 2, LACKS_INPUT = 4, LACKS_MEMORY = 8 };

class PartTap {
public:
    PartTap(const PartPort* ports, uint32_t count, const std::vector<StreamTap>& streams) {
        for (const PartPort* port = ports; port != ports + count; ++port) {
            const StreamTap& stream = streams.at(port->stream);
            ends_.push_back({port->output ? stream.at_source() : stream.at_sink(),
                             bool(port->output), bool(port->memory)});
        }
    }

    void sample(uint64_t cycle) {
        const uint64_t now = doing();
        if (!changes.empty() && now == changes.back() % KINDS) return;
        changes.push_back(cycle * KINDS + now);
    }

    void state(Archive& a) { a(changes); }

    static constexpr uint64_t KINDS = 16;
    std::vector<uint64_t> changes;  // cycle * KINDS + what it does from then on

private:
    struct End {
        Handshake hands;
        bool output, memory;
    };

    // A part need not ask for what is not there: its ready may depend on all valids. So it lacks
    // input, too, if there is none at all.
    uint64_t doing() const {
        uint64_t lacks = 0;
        bool inputs = false, memory_inputs = false, some = false;
        for (const End& end : ends_) {
            const bool offers = end.hands.offers(), takes = end.hands.takes();
            if (offers && takes) return MOVES;
            if (!end.output) {
                (end.memory ? memory_inputs : inputs) = true;
                some |= offers;
            }
            if (end.output ? !offers : !takes) continue;
            lacks |= end.memory ? LACKS_MEMORY : end.output ? LACKS_ROOM : LACKS_INPUT;
        }
        if (lacks || some) return lacks;
        return inputs ? LACKS_INPUT : memory_inputs ? LACKS_MEMORY : 0;
    }

    std::vector<End> ends_;
};

class QueueTap {
public:
    explicit QueueTap(const QueueWires& wires) : level_{wires.level} {}

    void sample() {
        const uint64_t level = level_.get();
        if (level > peak) peak = level;
    }

    uint64_t level() const { return level_.get(); }

    void state(Archive& a) { a(peak); }

    uint64_t peak = 0;

private:
    Wire level_;
};
