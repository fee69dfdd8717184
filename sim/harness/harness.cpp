// SPDX-License-Identifier: Apache-2.0
// Runs a verilated design against a memory model; a C interface for Python.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "verilated.h"

#include "axi.h"
#include "hbm.h"
#include "observe.h"
#include "waves.h"
#include "wires.h"

namespace {

// Layout known to Python.
struct Watch {
    uint32_t status_address, done_mask, busy_mask, count_address;  // without outputs: what to poll
    uint32_t poll_cycles;
};

enum Reason : int { COUNTED, DONE, CYCLES, STUCK, FAULT, STOPPED };

constexpr uint64_t LITE_TIMEOUT = 10000;
constexpr uint32_t RESET_LATENCY = 1;

class Harness {
public:
    Harness() : design_{make_design()} {
        for (const AxiWires& wires : design_->ports) ports.emplace_back(wires, memory, fault);
        for (const StreamWires& wires : design_->streams) streams.emplace_back(wires);
        for (const QueueWires& wires : design_->queues) queues.emplace_back(wires);
#define F(signal) \
    if (!design_->control.signal) throw std::runtime_error("Top must have control port " #signal);
        F(awvalid) F(awready) F(awaddr) F(wvalid) F(wready) F(wdata) F(wstrb) F(bvalid) F(bready)
        F(arvalid) F(arready) F(araddr) F(rvalid) F(rready) F(rdata)
#undef F
        if (!design_->clock || !design_->reset)
            throw std::runtime_error("Top must have a clock and a reset");
        design_->clock.set(0);
    }

    // `memory`: whether the memory is reset, too; else it runs on.
    void reset(uint32_t cycles, bool memory) {
        const LiteWires& c = design_->control;
        for (Wire wire : {c.awvalid, c.wvalid, c.arvalid, c.bready, c.rready}) wire.set(0);
        design_->reset.set(1);
        if (design_->memory_reset) design_->memory_reset.set(memory);
        for (AxiPort& port : ports)
            if (memory) port.reset(cycle + cycles + RESET_LATENCY);
            else port.release();
        memory_runs_ = !memory;
        for (uint32_t i = 0; i < cycles; ++i) clock();
        design_->reset.set(0);
        if (design_->memory_reset) design_->memory_reset.set(0);
        // The design sees its reset a cycle later: until then it takes nothing.
        for (uint32_t i = 0; i < RESET_LATENCY; ++i) clock();
        quiet_ = 0;
    }

    // One AXI4-Lite access; the design runs on meanwhile. False: no or a bad answer (fault is set).
    bool access(bool write, uint64_t address, uint32_t& value) {
        const LiteWires& c = design_->control;
        bool address_open = true, data_open = write;
        const Wire avalid = write ? c.awvalid : c.arvalid, aready = write ? c.awready : c.arready;
        const Wire answer = write ? c.bvalid : c.rvalid, resp = write ? c.bresp : c.rresp;
        (write ? c.awaddr : c.araddr).set(address);
        avalid.set(1);
        if (write) c.wdata.set(value), c.wstrb.set(0xF), c.wvalid.set(1);
        (write ? c.bready : c.rready).set(1);
        for (uint64_t waited = 0; waited < LITE_TIMEOUT && fault.text.empty(); ++waited) {
            settle();
            const bool address_taken = address_open && aready.get();
            const bool data_taken = data_open && c.wready.get();
            const bool answered = answer.get();
            if (answered && !write) value = static_cast<uint32_t>(c.rdata.get());
            const bool error = answered && resp && resp.get();
            edge();
            if (address_taken) avalid.set(0), address_open = false;
            if (data_taken) c.wvalid.set(0), data_open = false;
            if (answered) {
                (write ? c.bready : c.rready).set(0);
                if (error)
                    fault.report(cycle, "control", "%s at 0x%llx was answered with an error",
                                 write ? "write" : "read", (unsigned long long)address);
                return !error;
            }
        }
        for (Wire wire : {c.awvalid, c.wvalid, c.arvalid, c.bready, c.rready}) wire.set(0);
        fault.report(cycle, "control", "%s at 0x%llx was not answered",
                     write ? "write" : "read", (unsigned long long)address);
        return false;
    }

    // Until COUNT is above `count`, the design is done or stopped, or the limits are reached.
    int run(uint64_t max_cycles, uint64_t stuck_cycles, uint32_t count, const Watch& watch) {
        const uint64_t end = cycle + max_cycles;
        const bool outputs = design_->count && design_->done && design_->busy;
        uint64_t next_poll = cycle;
        while (fault.text.empty()) {
            if (outputs) {
                settle();
                last_count = static_cast<uint32_t>(design_->count.get());
                const bool done = design_->done.get(), busy = design_->busy.get();
                edge();
                if (last_count > count) return COUNTED;
                if (done) return DONE;
                if (!busy) return STOPPED;
            } else if (cycle >= next_poll) {
                uint32_t status = 0;
                if (!access(false, watch.status_address, status)) break;
                if (!access(false, watch.count_address, last_count)) break;
                if (last_count > count) return COUNTED;
                if (status & watch.done_mask) return DONE;
                if (!(status & watch.busy_mask)) return STOPPED;
                next_poll = cycle + watch.poll_cycles;
            } else {
                clock();
            }
            if (!fault.text.empty()) break;
            if (cycle >= end) return CYCLES;
            if (quiet_ >= stuck_cycles) return STUCK;
        }
        return FAULT;
    }

    void clock() {
        settle();
        edge();
    }

    // All that a later cycle depends on, but the memory's bytes.
    void state(Archive& a) {
        a(cycle, last_count, quiet_);
        for (AxiPort& port : ports) a(port);
        for (StreamTap& stream : streams) a(stream);
        for (QueueTap& queue : queues) a(queue);
        for (PartTap& part : parts) a(part);
        design_->state(a);
    }

    Memory memory;
    Fault fault;
    std::vector<uint8_t> saved;  // by the last call of shw_save
    uint64_t cycle = 0;
    uint32_t last_count = 0;
    std::vector<AxiPort> ports;
    std::vector<StreamTap> streams;
    std::vector<QueueTap> queues;
    std::vector<PartTap> parts;
    WaveRecorder waves;

private:
    // The combinational outputs for the inputs of this cycle, before its rising edge.
    void settle() {
        design_->clock.set(0);
        design_->eval();
    }

    void edge() {
        const bool running = !design_->reset.get() || memory_runs_;
        if (running) {
            bool moved = false;
            for (AxiPort& port : ports) moved |= port.sample(cycle);
            for (StreamTap& stream : streams) moved |= stream.sample(cycle);
            for (QueueTap& queue : queues) queue.sample();
            for (PartTap& part : parts) part.sample(cycle);
            quiet_ = moved ? 0 : quiet_ + 1;
        }
        waves.sample(cycle, streams);
        design_->clock.set(1);
        design_->eval();
        if (running)
            for (AxiPort& port : ports) port.drive();
        ++cycle;
    }

    std::unique_ptr<Design> design_;
    bool memory_runs_ = false;  // also in a reset of the design
    uint64_t quiet_ = 0;  // cycles since anything moved at a memory port or watched stream
};

std::string creation_error;

}  // namespace

// A $fatal or $stop in the design must not end the Python process.
void vl_fatal(const char* file, int line, const char*, const char* text) {
    throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + text);
}
void vl_stop(const char* file, int line, const char*) {
    throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": assertion failed");
}

template <class F> static int guarded(Harness* h, F action) {
    try {
        return action();
    } catch (const std::exception& error) {
        h->fault.report(h->cycle, "design", "%s", error.what());
        return FAULT;
    }
}

#define API extern "C" __attribute__((visibility("default")))

API Harness* shw_create() {
    try {
        return new Harness;
    } catch (const std::exception& error) {
        creation_error = error.what();
        return nullptr;
    }
}
API const char* shw_creation_error() { return creation_error.c_str(); }
API void shw_destroy(Harness* h) { delete h; }
API const char* shw_fault(Harness* h) { return h->fault.text.c_str(); }
API uint64_t shw_cycle(Harness* h) { return h->cycle; }
API uint32_t shw_count(Harness* h) { return h->last_count; }

API void shw_memory(Harness* h, uint8_t* data, uint64_t bytes, uint64_t base, int answer_errors) {
    h->memory.data = data, h->memory.bytes = bytes, h->memory.base = base;
    h->memory.answer_errors = answer_errors;
}
API void shw_view(Harness* h, uint32_t port, uint64_t address, uint32_t first, uint32_t stride) {
    h->ports.at(port).show({address, first, stride});
}
API void shw_port(Harness* h, uint32_t port, const PortConfig* config) {
    h->ports.at(port).configure(*config);
}
API void shw_ideal(Harness* h, uint32_t port, const IdealConfig* config) {
    h->ports.at(port).behave(std::make_unique<Ideal>(*config));
}
API void shw_hbm(Harness* h, uint32_t port, const HbmConfig* config) {
    h->ports.at(port).behave(std::make_unique<Hbm>(*config));
}
// `make` is of a library with one channel.
API int shw_channel(Harness* h, uint32_t port, MakeChannel* make, const int64_t* numbers,
                    const ChannelPort* facts) {
    return guarded(h, [&] {
        std::unique_ptr<MemoryChannel> channel{make(numbers, facts)};
        h->ports.at(port).behave(std::move(channel));
        return 0;
    });
}
API void shw_port_counters(Harness* h, uint32_t port, PortCounters* to) {
    *to = h->ports.at(port).counters;
}
API void shw_memory_counters(Harness* h, uint32_t port, MemoryCounters* to) {
    *to = h->ports.at(port).memory_counters(h->cycle);
}

API void shw_inject(Harness* h, uint32_t port, const FaultConfig* config) {
    h->ports.at(port).inject(*config);
}
API int shw_reset(Harness* h, uint32_t cycles, int memory) {
    return guarded(h, [&] { return h->reset(cycles, memory), 0; });
}
API int shw_step(Harness* h, uint64_t cycles) {
    return guarded(h, [&] {
        for (uint64_t i = 0; i < cycles && h->fault.text.empty(); ++i) h->clock();
        return h->fault.text.empty() ? CYCLES : FAULT;
    });
}
API int shw_write32(Harness* h, uint64_t address, uint32_t value) {
    return guarded(h, [&] { return h->access(true, address, value) ? 0 : int(FAULT); });
}
API int shw_read32(Harness* h, uint64_t address, uint32_t* value) {
    return guarded(h, [&] { return h->access(false, address, *value) ? 0 : int(FAULT); });
}
API int shw_run(Harness* h, uint64_t max_cycles, uint64_t stuck_cycles, uint32_t count,
                const Watch* watch) {
    return guarded(h, [&] { return h->run(max_cycles, stuck_cycles, count, *watch); });
}

API void shw_capture(Harness* h, uint32_t stream, int on) { h->streams.at(stream).capture = on; }
API uint64_t shw_captured(Harness* h, uint32_t stream, const uint8_t** data) {
    *data = h->streams.at(stream).data.data();
    return h->streams.at(stream).data.size();
}
API void shw_clear(Harness* h, uint32_t stream) { h->streams.at(stream).data.clear(); }
API void shw_time(Harness* h, uint32_t stream) {
    StreamTap& tap = h->streams.at(stream);
    tap.timed = true;
    tap.cycles.clear(), tap.given.clear();
}
API uint64_t shw_timed(Harness* h, uint32_t stream, const uint64_t** cycles) {
    *cycles = h->streams.at(stream).cycles.data();
    return h->streams.at(stream).cycles.size();
}
API uint64_t shw_given(Harness* h, uint32_t stream, const uint64_t** cycles) {
    *cycles = h->streams.at(stream).given.data();
    return h->streams.at(stream).given.size();
}
// Watches one more part; they are numbered in the order of these calls.
API int shw_part(Harness* h, const PartPort* ports, uint32_t count) {
    return guarded(h, [&] { return h->parts.emplace_back(ports, count, h->streams), 0; });
}
API uint64_t shw_changes(Harness* h, uint32_t part, const uint64_t** changes) {
    *changes = h->parts.at(part).changes.data();
    return h->parts.at(part).changes.size();
}
API void shw_forget(Harness* h, uint32_t part) { h->parts.at(part).changes.clear(); }
API void shw_stream_counters(Harness* h, uint32_t stream, StreamCounters* to) {
    *to = h->streams.at(stream).counters;
}
// Of its last cycle, at the source: bit 0 valid, bit 1 ready.
API uint32_t shw_front(Harness* h, uint32_t stream) {
    const Handshake front = h->streams.at(stream).at_source();
    return front.offers() | front.takes() << 1;
}
API uint64_t shw_peak(Harness* h, uint32_t queue) { return h->queues.at(queue).peak; }
API uint64_t shw_level(Harness* h, uint32_t queue) { return h->queues.at(queue).level(); }

API int shw_save(Harness* h, const uint8_t** data, uint64_t* size) {
    return guarded(h, [&] {
        Archive archive;
        h->state(archive);
        h->saved = std::move(archive.written);
        *data = h->saved.data(), *size = h->saved.size();
        return 0;
    });
}
API int shw_load(Harness* h, const uint8_t* data, uint64_t size) {
    return guarded(h, [&] {
        Archive archive{data, size};
        h->state(archive);
        if (!archive.complete()) throw std::runtime_error("the state is of another design");
        return 0;
    });
}

// Records a window of these streams from now on, and forgets an earlier one.
API int shw_waves(Harness* h, const WaveWindow* window, const uint32_t* streams, uint32_t count) {
    return guarded(h, [&] {
        std::vector<WaveTap> taps;
        for (uint32_t i = 0; i < count; ++i) taps.emplace_back(h->streams.at(streams[i]));
        if (window->by_transfer) h->streams.at(window->stream);
        return h->waves.arm(*window, std::move(taps)), 0;
    });
}
// Cycles that were recorded so far, and the first of them.
API uint64_t shw_recorded(Harness* h, uint64_t* begin) {
    *begin = h->waves.begin;
    return h->waves.cycles;
}
// Of a recorded stream, by its place among them.
API uint64_t shw_hands(Harness* h, uint32_t tap, const uint64_t** changes) {
    *changes = h->waves.taps.at(tap).hands.data();
    return h->waves.taps.at(tap).hands.size();
}
API uint64_t shw_offered(Harness* h, uint32_t tap, const uint64_t** cycles) {
    *cycles = h->waves.taps.at(tap).offered.data();
    return h->waves.taps.at(tap).offered.size();
}
API uint64_t shw_numbers(Harness* h, uint32_t tap, const uint64_t** numbers) {
    *numbers = h->waves.taps.at(tap).numbers.data();
    return h->waves.taps.at(tap).numbers.size();
}
API uint64_t shw_beats(Harness* h, uint32_t tap, const uint8_t** data) {
    *data = h->waves.taps.at(tap).beats.data();
    return h->waves.taps.at(tap).beats.size();
}
API void shw_forget_waves(Harness* h) {
    for (WaveTap& tap : h->waves.taps) tap.clear();
}
