// SPDX-License-Identifier: Apache-2.0
// What the harness knows of a verilated design: where its ports and watched nets are in memory.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "archive.h"

// A port or net of any width in Verilator's storage: 1, 2, 4 or 8 bytes, or an array of 32-bit words.
struct Wire {
    void* data = nullptr;
    uint32_t bytes = 0;

    explicit operator bool() const { return data != nullptr; }

    uint64_t get() const {
        switch (bytes) {
            case 1: return *static_cast<const uint8_t*>(data);
            case 2: return *static_cast<const uint16_t*>(data);
            case 4: return *static_cast<const uint32_t*>(data);
            case 0: return 0;
            default: {
                uint64_t value;
                std::memcpy(&value, data, sizeof value);
                return value;
            }
        }
    }

    // Of a wire of one bit, or one that is absent.
    bool bit() const { return data && *static_cast<const uint8_t*>(data); }

    void set(uint64_t value) const { std::memcpy(data, &value, bytes < 8 ? bytes : 8); }
};

template <class T> Wire wire_to(T& variable) {
    return Wire{&variable, static_cast<uint32_t>(sizeof variable)};
}

// Ports may be absent (a port that only reads has no write channels): then the wire is null.
template <class F, class T>
auto wire_if(F find, T& top, int) -> decltype(find(top)) {
    return find(top);
}
template <class F, class T> Wire wire_if(F, T&, long) {
    return {};
}
#define WIRE(top, port) \
    wire_if([](auto& t) -> decltype(wire_to(t.port)) { return wire_to(t.port); }, top, 0)

#define AXI_SIGNALS(F)                                                                    \
    F(arvalid) F(arready) F(araddr) F(arlen) F(arsize) F(arburst) F(arid)                 \
    F(rvalid) F(rready) F(rdata) F(rresp) F(rlast) F(rid)                                 \
    F(awvalid) F(awready) F(awaddr) F(awlen) F(awsize) F(awburst) F(awid)                 \
    F(wvalid) F(wready) F(wdata) F(wstrb) F(wlast) F(bvalid) F(bready) F(bresp) F(bid)

#define LITE_SIGNALS(F)                                                                   \
    F(awvalid) F(awready) F(awaddr) F(wvalid) F(wready) F(wdata) F(wstrb)                 \
    F(bvalid) F(bready) F(bresp) F(arvalid) F(arready) F(araddr)                          \
    F(rvalid) F(rready) F(rdata) F(rresp)

struct AxiWires {
    std::string name;
    uint32_t data_bytes = 0;
#define F(signal) Wire signal;
    AXI_SIGNALS(F)
#undef F
};

struct LiteWires {
#define F(signal) Wire signal;
    LITE_SIGNALS(F)
#undef F
};

struct StreamWires {
    std::string name;
    uint32_t width;  // bits
    Wire payload, valid, ready;  // at the sink
    Wire offered, room;          // valid and ready at the source, if a queue is between
};

struct QueueWires {
    std::string name;
    Wire level;
};

// Implemented by the generated binding of each design.
struct Design {
    virtual ~Design() = default;
    virtual void eval() = 0;
    virtual void state(Archive& archive) = 0;

    Wire clock, reset, memory_reset, count, busy, done;
    LiteWires control;
    std::vector<AxiWires> ports;
    std::vector<StreamWires> streams;
    std::vector<QueueWires> queues;
};

// Throws std::runtime_error if a watched net is not in the design.
Design* make_design();
