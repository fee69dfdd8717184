// SPDX-License-Identifier: Apache-2.0
// SDR SDRAM behind a port: one open row a bank, refresh, and one burst after the other.
#pragma once

#include <algorithm>
#include <vector>

#include "memory_channel.h"
#include "numbers.h"

class Sdram final : public MemoryChannel {
public:
    Sdram(const Numbers& numbers, const ChannelPort& port) : n_{numbers}, port_{port} {}

    void reset(uint64_t cycle) override {
        MemoryChannel::reset(cycle);
        reads_.clear(), writes_.clear();
        open_.assign(n_.banks, NONE);
        free_ = written_ = time(cycle);
        // Refreshes of the ports take turns.
        refresh_ = free_ + n_.t_refi * (port_.port + 1) / port_.ports;
    }

    void read(uint64_t cycle, uint64_t address, uint32_t beats) override {
        reads_.push_back({address, beats, time(cycle)});
        advance(cycle);
    }
    void write(uint64_t cycle, uint64_t address, uint32_t beats) override {
        writes_.push_back({address, beats, time(cycle)});
        advance(cycle);
    }

    // Begins bursts until the bus is busy after this cycle.
    void advance(uint64_t cycle) override {
        while (free_ <= time(cycle) && !(reads_.empty() && writes_.empty())) serve(writes_.empty());
    }

    MemoryCounters counters(uint64_t) override {
        return {hits_, misses_, uint64_t(refreshes_ * n_.t_rfc / port_.period)};
    }

    void state(Archive& a) override {
        MemoryChannel::state(a);
        a(reads_, writes_, open_, free_, written_, refresh_, hits_, misses_, refreshes_);
    }

private:
    static constexpr uint64_t NONE = ~0ull;
    struct Request {
        uint64_t address;
        uint32_t beats;
        int64_t since;
    };

    int64_t time(uint64_t cycle) const { return int64_t(cycle) * port_.period; }
    uint64_t cycle_after(int64_t time) const { return (time + port_.period - 1) / port_.period; }

    void serve(bool reads) {
        std::deque<Request>& queue = reads ? reads_ : writes_;
        const Request request = queue.front();
        queue.pop_front();
        const int64_t idle = free_;
        free_ = std::max(free_, request.since);
        refresh(idle);
        for (uint32_t i = 0; i < request.beats; ++i) {
            open(request.address + uint64_t(i) * port_.beat_bytes);
            free_ += n_.beat;
            if (reads) arrivals_.push_back(cycle_after(free_ + n_.path));
        }
        if (reads) return;
        written_ = free_ + n_.t_wr;
        responses_.push_back(cycle_after(free_ + n_.answer));
    }

    // The bits of an address, from the lowest: place in the row, bank, row.
    void open(uint64_t address) {
        const uint64_t row = address / n_.row_bytes;
        uint64_t& now = open_[row % n_.banks];
        if (now == row) return void(++hits_);
        ++misses_;
        if (now != NONE) free_ = std::max(free_, written_) + n_.t_rp;
        free_ += n_.t_rcd;
        now = row;
    }

    // Those that were due since the bus is idle began in time, and are over by now but for the last.
    void refresh(int64_t idle) {
        for (; refresh_ <= free_; refresh_ += n_.t_refi, ++refreshes_) {
            free_ = std::max(free_, std::max(refresh_, idle) + n_.t_rp + n_.t_rfc);
            open_.assign(n_.banks, NONE);
        }
    }

    Numbers n_;
    ChannelPort port_;
    std::deque<Request> reads_, writes_;
    std::vector<uint64_t> open_;  // the open row of each bank
    int64_t free_ = 0;            // the bus, from then on
    int64_t written_ = 0;         // rows may be closed from then on
    int64_t refresh_ = 0;         // when the next is due
    uint64_t hits_ = 0, misses_ = 0;
    int64_t refreshes_ = 0;
};
