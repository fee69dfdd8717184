// SPDX-License-Identifier: Apache-2.0
// A pseudo-channel of HBM2 behind a port: its controller, banks with open rows, and refresh.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "memory_channel.h"

// Layout known to Python, which says where the numbers come from. Times are picoseconds.
struct HbmConfig {
    uint32_t period;         // of the design's clock
    uint32_t t_ccd;          // from an access to the next: the time of its data on the bus
    uint32_t t_rcd, t_rp;    // a row is opened; closed
    uint32_t t_ras;          // from opening a row to closing it
    uint32_t t_rtp, t_wtp;   // from a read, a write of a row to closing it
    uint32_t t_rrd, t_faw;   // from opening a row to the next; to the fourth next
    uint32_t t_rtw, t_wtr;   // from a read to a write; from a write to a read
    uint32_t t_rfc, t_refi;  // how long a refresh takes; from one to the next
    uint32_t phase;          // of the first refresh
    uint32_t read_latency;   // from a read's address to its data, its row being open
    uint32_t write_latency;  // from a write's last access to its response
    uint32_t access_bytes, row_bytes, banks;
    uint32_t lookahead;      // accesses that the controller plans ahead
    uint32_t group;          // accesses of one direction in a row while the other waits
    uint32_t beat_bytes;     // of the port
};

// Accesses of either direction are served in their order, rows are opened ahead of them. An access
// is planned by the times from which each of its commands is allowed; as all beats of a port begin
// in one bank group and go on in another, the longer spacing within a group never binds.
class Hbm final : public MemoryChannel {
public:
    explicit Hbm(const HbmConfig& config) : c_{config}, banks_(config.banks) {}

    void reset(uint64_t cycle) override {
        MemoryChannel::reset(cycle);
        reads_.clear(), writes_.clear();
        const int64_t now = time(cycle);
        banks_.assign(c_.banks, Bank{});
        bus_ = now, run_ = 0, writing_ = false;
        activations_.fill(now - c_.t_faw);
        refresh_ = c_.phase;
        skip_refreshes(now);
    }

    void read(uint64_t cycle, uint64_t address, uint32_t beats) override {
        reads_.push_back({address, beats});
        advance(cycle);
    }
    void write(uint64_t cycle, uint64_t address, uint32_t beats) override {
        writes_.push_back({address, beats});
        advance(cycle);
    }

    void advance(uint64_t cycle) override {
        const int64_t now = time(cycle), horizon = now + int64_t(c_.lookahead) * c_.t_ccd;
        while (bus_ < horizon && !(reads_.empty() && writes_.empty())) {
            const bool other = !(writing_ ? reads_ : writes_).empty();
            const bool same = !(writing_ ? writes_ : reads_).empty();
            if (other && (!same || run_ >= c_.group)) turn();
            serve(now);
        }
    }

    MemoryCounters counters(uint64_t cycle) override {
        skip_refreshes(time(cycle));
        return {hits_, misses_, refreshes_ * c_.t_rfc / c_.period};
    }

    void state(Archive& a) override {
        MemoryChannel::state(a);
        a(reads_, writes_, banks_, activations_, activation_, bus_, refresh_, run_, writing_);
        a(hits_, misses_, refreshes_);
    }

private:
    struct Request {
        uint64_t address;
        uint32_t beats;
    };
    struct Bank {
        uint64_t row = 0;
        bool open = false;
        int64_t closable = 0;    // may be closed from then on
        int64_t activatable = 0; // being closed, may be opened from then on
    };

    int64_t time(uint64_t cycle) const { return int64_t(cycle) * c_.period; }
    uint64_t cycle_after(int64_t time) const { return (time + c_.period - 1) / c_.period; }

    void turn() {
        bus_ += int64_t(writing_ ? c_.t_wtr : c_.t_rtw) - c_.t_ccd;
        writing_ = !writing_, run_ = 0;
    }

    // One beat of the oldest request.
    void serve(int64_t now) {
        std::deque<Request>& queue = writing_ ? writes_ : reads_;
        Request& request = queue.front();
        int64_t begun = 0, last = 0;
        for (uint32_t at = 0; at < c_.beat_bytes; at += c_.access_bytes) {
            last = access(now, request.address + at);
            if (at == 0) begun = last;
        }
        request.address += c_.beat_bytes;
        if (!writing_)
            arrivals_.push_back(cycle_after(std::max(begun, last - c_.t_ccd) + c_.read_latency));
        if (--request.beats) return;
        if (writing_) responses_.push_back(cycle_after(last + c_.write_latency));
        queue.pop_front();
    }

    // When the access is on the bus. From the lowest address bit on: a bit of the bank group, the
    // place in the row, the other bits of the bank, the row (the default map of the controller).
    int64_t access(int64_t now, uint64_t address) {
        const uint64_t index = address / c_.access_bytes, half = c_.banks / 2;
        const uint64_t rest = index / 2 / (c_.row_bytes / c_.access_bytes);
        Bank& bank = banks_[rest % half * 2 + index % 2];
        const uint64_t row = rest / half;
        for (;;) {
            const bool hit = bank.open && bank.row == row;
            const int64_t activation = hit ? 0 : activation_of(bank, now);
            const int64_t start = std::max({bus_, now, hit ? 0 : activation + c_.t_rcd});
            if (start >= refresh_) {
                refresh(now);
                continue;
            }
            if (!hit) {
                bank = {row, true, activation + c_.t_ras, 0};
                activations_[activation_++ % activations_.size()] = activation;
            }
            ++(hit ? hits_ : misses_), ++run_;
            bank.closable = std::max(bank.closable, start + (writing_ ? c_.t_wtp : c_.t_rtp));
            bus_ = start + c_.t_ccd;
            return start;
        }
    }

    int64_t activation_of(const Bank& bank, int64_t now) const {
        const int64_t closed = bank.open ? std::max(bank.closable, now) + c_.t_rp : bank.activatable;
        const size_t size = activations_.size();
        const int64_t last = activations_[(activation_ + size - 1) % size];
        const int64_t fourth = activations_[activation_ % size];
        return std::max({now, closed, last + c_.t_rrd, fourth + c_.t_faw});
    }

    void refresh(int64_t now) {
        skip_refreshes(now);
        int64_t begin = std::max(refresh_, bus_);
        for (const Bank& bank : banks_)
            if (bank.open) begin = std::max(begin, bank.closable);
        const int64_t end = begin + c_.t_rp + c_.t_rfc;
        for (Bank& bank : banks_) bank = {0, false, 0, end};
        ++refreshes_, refresh_ += c_.t_refi;
    }

    // Counts the refreshes of a time in which nothing else was to be done.
    void skip_refreshes(int64_t now) {
        if (now < refresh_ + c_.t_refi) return;
        const uint64_t passed = (now - refresh_) / c_.t_refi;
        refreshes_ += passed, refresh_ += int64_t(passed) * c_.t_refi;
        for (Bank& bank : banks_) bank.open = false;
    }

    HbmConfig c_;
    std::deque<Request> reads_, writes_;
    std::vector<Bank> banks_;
    std::array<int64_t, 4> activations_{};  // times of the last ones, in a ring
    uint64_t activation_ = 0;               // their number
    int64_t bus_ = 0;                       // free from then on
    int64_t refresh_ = 0;                   // when the next is due
    uint64_t run_ = 0;                      // accesses since the direction changed
    bool writing_ = false;
    uint64_t hits_ = 0, misses_ = 0, refreshes_ = 0;
};
