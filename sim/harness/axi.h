// SPDX-License-Identifier: Apache-2.0
// An AXI4 memory port: random stalls by configuration, and checks of the protocol.
#pragma once

#include <algorithm>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "injection.h"
#include "memory.h"
#include "wires.h"

// Layout known to Python.
struct PortConfig {
    uint32_t outstanding;      // bursts accepted ahead, in each direction
    uint32_t stall_length;     // mean cycles of a random stall
    double stalls[5];          // share of cycles in which AR, R, AW, W, B is held back
    uint64_t seed;
};

struct PortCounters {
    uint64_t read_bytes, write_bytes, read_bursts, write_bursts;
    uint64_t busy_cycles;      // something is outstanding
    uint64_t blocked_cycles;   // a read beat is offered and not taken
};

// The first thing that went wrong, with its cycle.
struct Fault {
    std::string text;

    template <class... A>
    void report(uint64_t cycle, const std::string& port, const char* format, A... values) {
        if (!text.empty()) return;
        char buffer[256];
        std::snprintf(buffer, sizeof buffer, format, values...);
        text = port + ": " + buffer + " (cycle " + std::to_string(cycle) + ")";
    }
};

// Decides in which cycles a channel is held back: runs of stalls of geometric length.
class Stall {
public:
    void configure(double share, uint32_t length, uint64_t seed) {
        state_ = seed * 0x9E3779B97F4A7C15ull + 0xD1B54A32D192ED03ull;
        stalled_ = false;
        share = std::min(std::max(share, 0.0), 0.99);
        const double leave = 1.0 / std::max(length, 1u);
        // In balance, share * leave == (1 - share) * enter.
        leave_ = threshold(leave);
        enter_ = threshold(std::min(1.0, share * leave / (1.0 - share)));
        active_ = share > 0.0;
        if (length <= 1) leave_ = threshold(1.0 - share), enter_ = threshold(share);
    }

    bool next() {
        if (!active_) return false;
        state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
        const uint64_t draw = state_ >> 32;
        stalled_ = stalled_ ? draw >= leave_ : draw < enter_;
        return stalled_;
    }

    bool active() const { return active_; }
    void state(Archive& a) { a(state_, stalled_); }

private:
    static uint64_t threshold(double probability) {
        return static_cast<uint64_t>(probability * 4294967296.0);
    }
    uint64_t state_ = 1, enter_ = 0, leave_ = 0;
    bool active_ = false, stalled_ = false;
};

// One manager port of the design. Each cycle: sample() at the rising edge, then drive() after it.
class AxiPort {
public:
    AxiPort(const AxiWires& wires, Memory& memory, Fault& fault)
        : w_{wires}, memory_{memory}, fault_{fault}, size_{wires.data_bytes} {
        while ((1u << log_size_) < size_) ++log_size_;
        reads_ = bool(w_.arvalid), writes_ = bool(w_.awvalid);
        require_channel(reads_, {{"arready", w_.arready}, {"araddr", w_.araddr}, {"arlen", w_.arlen},
                                 {"rvalid", w_.rvalid}, {"rready", w_.rready}, {"rdata", w_.rdata}});
        require_channel(writes_, {{"awready", w_.awready}, {"awaddr", w_.awaddr}, {"awlen", w_.awlen},
                                  {"wvalid", w_.wvalid}, {"wready", w_.wready}, {"wdata", w_.wdata},
                                  {"wstrb", w_.wstrb}, {"wlast", w_.wlast}, {"bvalid", w_.bvalid},
                                  {"bready", w_.bready}});
        if (!reads_ && !writes_) throw std::runtime_error("Top must have port " + w_.name + "_*");
        const Wire data = reads_ ? w_.rdata : w_.wdata;
        if (data.bytes != std::max(size_, 1u))
            throw std::runtime_error("Data width of port " + w_.name + " differs from the manifest");
        held_data_.resize(size_);
    }

    void configure(const PortConfig& config) {
        outstanding_ = std::max(config.outstanding, 1u);
        stalling_ = false;
        for (int i = 0; i < 5; ++i) {
            stall_[i].configure(config.stalls[i], config.stall_length, config.seed * 8 + i + 1);
            stalling_ |= stall_[i].active();
        }
    }

    void inject(const FaultConfig& config) { injection_.configure(config); }
    void behave(std::unique_ptr<MemoryChannel> channel) { channel_ = std::move(channel); }
    void show(const View& view) { view_ = view; }

    void reset(uint64_t cycle) {
        channel_->reset(cycle);
        injection_.reset(), stuck_ = false;
        reads_pending_.clear(), writes_pending_.clear();
        arready_ = rvalid_ = awready_ = wready_ = bvalid_ = false;
        ar_held_ = aw_held_ = w_held_ = at_rest_ = driven_ = false;
        collected_ = 0;
        drive();
    }

    // The design is reset, the memory runs on: what is shown may go.
    void release() { ar_held_ = aw_held_ = w_held_ = false; }

    // Takes what the design offers in this cycle; true if a beat or an address passed.
    bool sample(uint64_t cycle) {
        // A port at rest must cost next to nothing: there may be many.
        if (stuck_) return false;
        if (at_rest_ && !w_.arvalid.bit() && !w_.awvalid.bit() && !w_.wvalid.bit()) return false;
        bool moved = false;
        if (!reads_pending_.empty() || !writes_pending_.empty()) {
            ++counters.busy_cycles;
            channel_->advance(cycle);
        }
        if (reads_) moved |= sample_read(cycle);
        if (writes_) moved |= sample_write(cycle);
        if (stuck_) arready_ = rvalid_ = awready_ = wready_ = bvalid_ = false;
        at_rest_ = !stalling_ && !stuck_ && reads_pending_.empty() && writes_pending_.empty() &&
                   arready_ == reads_ && awready_ == writes_ && !w_held_;
        return moved;
    }

    void drive() {
        if (at_rest_ && driven_) return;
        if (reads_) {
            w_.arready.set(arready_);
            w_.rvalid.set(rvalid_);
            if (rvalid_ && fresh_) {
                const Burst& burst = reads_pending_.front();
                const bool here = burst.faulty_beat == burst.done;
                const bool failed = burst.fault == ERROR_RESPONSE && here;
                if (burst.error || failed) std::memset(w_.rdata.data, 0, size_);
                else std::memcpy(w_.rdata.data, bytes_of(burst, burst.done), size_);
                if (w_.rresp) w_.rresp.set(burst.error ? DECERR : failed ? SLVERR : 0);
                const bool cut = burst.fault == SHORT_BURST && here;
                if (w_.rlast) w_.rlast.set(cut || burst.done + 1 == burst.beats);
                if (w_.rid) w_.rid.set(burst.id);
                fresh_ = false;
            }
        }
        if (writes_) {
            w_.awready.set(awready_);
            w_.wready.set(wready_);
            w_.bvalid.set(bvalid_);
            if (bvalid_) {
                const Burst& burst = writes_pending_.front();
                const bool failed = burst.fault == ERROR_RESPONSE;
                if (w_.bresp) w_.bresp.set(burst.error ? DECERR : failed ? SLVERR : 0);
                if (w_.bid) w_.bid.set(burst.id);
            }
        }
        driven_ = at_rest_;
    }

    MemoryCounters memory_counters(uint64_t cycle) { return channel_->counters(cycle); }

    // The inputs of the design are part of its own state.
    void state(Archive& a) {
        channel_->state(a);
        a(counters, reads_pending_, writes_pending_, collected_);
        a(arready_, rvalid_, fresh_, awready_, wready_, bvalid_, at_rest_, driven_);
        a(ar_held_, aw_held_, w_held_, ar_, aw_, held_data_, held_strobes_, held_last_);
        a(injection_, stuck_);
        for (Stall& stall : stall_) a(stall);
    }

    PortCounters counters{};

private:
    static constexpr uint64_t SLVERR = 2, DECERR = 3;
    enum Channel { AR, R, AW, W, B };

    struct Burst {
        uint64_t address = 0, id = 0;
        uint32_t beats = 0, done = 0;
        bool error = false;
        FaultKind fault = NO_FAULT;
        uint32_t faulty_beat = 0;
        std::vector<uint8_t> data, strobes;

        // Whether the next beat of a read is never given.
        bool silent() const {
            return fault == DROPPED || (fault == SHORT_BURST && done > faulty_beat);
        }
        void state(Archive& a) {
            a(address, id, beats, done, error, fault, faulty_beat, data, strobes);
        }
    };

    struct Address {
        uint64_t address, length, size, burst, id;
        bool operator!=(const Address& o) const {
            return address != o.address || length != o.length || size != o.size ||
                   burst != o.burst || id != o.id;
        }
    };

    void require_channel(bool present, std::vector<std::pair<const char*, Wire>> wires) const {
        for (const auto& [signal, wire] : wires)
            if (present && !wire)
                throw std::runtime_error("Top must have port " + w_.name + "_" + signal);
    }

    bool sample_read(uint64_t cycle) {
        bool moved = false;
        const bool valid = w_.arvalid.bit();
        if (valid || ar_held_) {
            const Address now{w_.araddr.get(), w_.arlen.get(),
                              w_.arsize ? w_.arsize.get() : log_size_,
                              w_.arburst ? w_.arburst.get() : 1, w_.arid.get()};
            if (ar_held_) check_held("AR", cycle, valid, ar_ != now);
            if (valid && arready_) {
                reads_pending_.push_back(accept(cycle, now, "read"));
                const Burst& burst = reads_pending_.back();
                channel_->read(cycle, seen(burst), burst.beats);
                ++counters.read_bursts;
                moved = true;
            }
            ar_held_ = valid && !arready_, ar_ = now;
        }
        if (rvalid_) {
            if (w_.rready.bit()) {
                moved = true;
                counters.read_bytes += size_;
                rvalid_ = false;
                if (++reads_pending_.front().done == reads_pending_.front().beats)
                    reads_pending_.pop_front();
            } else {
                ++counters.blocked_cycles;
            }
        }
        const bool held_back = stall_[R].next();
        if (!rvalid_ && !held_back && channel_->gives(cycle)) {
            if (reads_pending_.empty()) {
                fault_.report(cycle, w_.name, "memory gives a beat too many");
            } else if (Burst& burst = reads_pending_.front(); burst.silent()) {
                if (++burst.done == burst.beats) reads_pending_.pop_front();
            } else {
                rvalid_ = fresh_ = true;
            }
        }
        arready_ = !stall_[AR].next() && reads_pending_.size() < outstanding_;
        return moved;
    }

    bool sample_write(uint64_t cycle) {
        bool moved = false;
        const bool valid = w_.awvalid.bit();
        if (valid || aw_held_) {
            const Address now{w_.awaddr.get(), w_.awlen.get(),
                              w_.awsize ? w_.awsize.get() : log_size_,
                              w_.awburst ? w_.awburst.get() : 1, w_.awid.get()};
            if (aw_held_) check_held("AW", cycle, valid, aw_ != now);
            if (valid && awready_) {
                writes_pending_.push_back(accept(cycle, now, "write"));
                ++counters.write_bursts;
                moved = true;
            }
            aw_held_ = valid && !awready_, aw_ = now;
        }
        moved |= sample_data(cycle);
        if (bvalid_ && w_.bready.bit()) {
            moved = true;
            bvalid_ = false;
            writes_pending_.pop_front();
            --collected_;
        }
        if (!bvalid_ && !stall_[B].next() && channel_->answers(cycle)) {
            if (!collected_) {
                fault_.report(cycle, w_.name, "memory answers a write too many");
            } else {
                // Not visible to reads before it is answered: a design that does not wait fails.
                commit(writes_pending_.front());
                bvalid_ = writes_pending_.front().fault != DROPPED;
                if (!bvalid_) writes_pending_.pop_front(), --collected_;
            }
        }
        awready_ = !stall_[AW].next() && writes_pending_.size() < outstanding_;
        wready_ = !stall_[W].next() && collected_ < writes_pending_.size() &&
                  channel_->accepts(cycle);
        return moved;
    }

    bool sample_data(uint64_t cycle) {
        const bool valid = w_.wvalid.bit();
        if (!valid && !w_held_) return false;
        const uint64_t strobes_now = w_.wstrb.get();
        const bool last = w_.wlast.get();
        if (w_held_) {
            const bool changed = std::memcmp(held_data_.data(), w_.wdata.data, size_) != 0 ||
                                 strobes_now != held_strobes_ || last != held_last_;
            check_held("W", cycle, valid, changed);
        }
        w_held_ = valid && !wready_;
        if (w_held_) {
            std::memcpy(held_data_.data(), w_.wdata.data, size_);
            held_strobes_ = strobes_now, held_last_ = last;
        }
        if (!valid || !wready_) return false;
        Burst& burst = writes_pending_[collected_];
        channel_->took(cycle);
        counters.write_bytes += size_;
        const auto* data = static_cast<const uint8_t*>(w_.wdata.data);
        const auto* strobes = static_cast<const uint8_t*>(w_.wstrb.data);
        burst.data.insert(burst.data.end(), data, data + size_);
        burst.strobes.insert(burst.strobes.end(), strobes, strobes + (size_ + 7) / 8);
        ++burst.done;
        if (last != (burst.done == burst.beats))
            fault_.report(cycle, w_.name, "WLAST must be at beat %u of the burst, not at beat %u",
                          burst.beats, burst.done);
        if (burst.done == burst.beats) {
            channel_->write(cycle, seen(burst), burst.beats);
            ++collected_;
        }
        return true;
    }

    Burst accept(uint64_t cycle, const Address& a, const char* what) {
        Burst burst;
        burst.address = a.address, burst.id = a.id;
        burst.beats = static_cast<uint32_t>(a.length) + 1;
        const uint64_t bytes = uint64_t(burst.beats) * size_;
        const auto address = static_cast<unsigned long long>(a.address);
        if (a.size != log_size_)
            fault_.report(cycle, w_.name, "%s at 0x%llx must have beats of %u bytes, not %llu", what,
                          address, size_, 1ull << a.size);
        if (a.burst != 1)
            fault_.report(cycle, w_.name, "%s at 0x%llx must be an INCR burst, not type %llu", what,
                          address, static_cast<unsigned long long>(a.burst));
        if (a.address % size_)
            fault_.report(cycle, w_.name, "%s at 0x%llx must be aligned to %u bytes", what, address,
                          size_);
        if (a.address / 4096 != (a.address + bytes - 1) / 4096)
            fault_.report(cycle, w_.name, "%s of %u beats at 0x%llx crosses a 4 KiB boundary", what,
                          burst.beats, address);
        const uint64_t begin = memory_.base + view_.address, beats = visible_beats();
        burst.error = a.address < begin || burst.beats > beats ||
                      (a.address - begin) / size_ > beats - burst.beats;
        if (burst.error && !memory_.answer_errors)
            fault_.report(cycle, w_.name, "%s of %llu bytes at 0x%llx is outside memory 0x%llx..0x%llx",
                          what, static_cast<unsigned long long>(bytes), address,
                          static_cast<unsigned long long>(begin),
                          static_cast<unsigned long long>(begin + beats * size_));
        burst.fault = injection_.next(what[0] == 'w');
        burst.faulty_beat = std::min(injection_.beat(), burst.beats - 1);
        if (burst.fault == SHORT_BURST && burst.faulty_beat + 1 == burst.beats) burst.fault = NO_FAULT;
        stuck_ = burst.fault == STUCK;
        return burst;
    }

    uint64_t visible_beats() const {
        const uint64_t beats = memory_.bytes / size_;
        return beats > view_.first ? (beats - view_.first - 1) / view_.stride + 1 : 0;
    }

    // Where a burst begins in what the port sees.
    uint64_t seen(const Burst& burst) const {
        return burst.address - memory_.base - view_.address;
    }

    uint8_t* bytes_of(const Burst& burst, uint32_t beat) const {
        const uint64_t at = seen(burst) / size_ + beat;
        return memory_.data + (at * view_.stride + view_.first) * size_;
    }

    void check_held(const char* channel, uint64_t cycle, bool valid, bool changed) {
        if (!valid) fault_.report(cycle, w_.name, "%sVALID fell before %sREADY", channel, channel);
        else if (changed)
            fault_.report(cycle, w_.name, "%s payload changed before %sREADY", channel, channel);
    }

    void commit(const Burst& burst) {
        if (burst.error) return;
        const size_t mask_bytes = (size_ + 7) / 8;
        for (uint32_t beat = 0; beat < burst.beats; ++beat) {
            uint8_t* to = bytes_of(burst, beat);
            const uint8_t* from = &burst.data[size_t(beat) * size_];
            const uint8_t* mask = &burst.strobes[beat * mask_bytes];
            for (uint32_t i = 0; i < size_; ++i)
                if (mask[i / 8] >> (i % 8) & 1) to[i] = from[i];
        }
    }

    AxiWires w_;
    Memory& memory_;
    View view_;
    std::unique_ptr<MemoryChannel> channel_;
    Fault& fault_;
    uint32_t size_, log_size_ = 0, outstanding_ = 1;
    bool reads_, writes_, stalling_ = false;
    Stall stall_[5];
    Injection injection_;
    bool stuck_ = false;
    std::deque<Burst> reads_pending_, writes_pending_;
    size_t collected_ = 0;  // leading write bursts whose data is complete
    bool at_rest_ = false;  // nothing is under way, and the memory waits for addresses
    bool driven_ = false;   // and the design knows
    bool arready_ = false, rvalid_ = false, fresh_ = false;
    bool awready_ = false, wready_ = false, bvalid_ = false;
    bool ar_held_ = false, aw_held_ = false, w_held_ = false;
    Address ar_{}, aw_{};
    std::vector<uint8_t> held_data_;
    uint64_t held_strobes_ = 0;
    bool held_last_ = false;
};
