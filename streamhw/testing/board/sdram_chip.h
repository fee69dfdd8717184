// SPDX-License-Identifier: Apache-2.0
// An SDRAM chip that checks its data sheet and knows no controller: what streamhw/testing/sdram.py
// does, in C++ for millions of bursts.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace sdram {

constexpr int64_t NEVER = -(int64_t{1} << 40);

struct Rules {  // in the order in which Python gives them; times are picoseconds
    int64_t period, cas, rows, columns, refreshes;
    int64_t power_up, t_rcd, t_rp, t_ras, t_rc, t_rfc, t_wr, t_rrd, t_mrd, t_refi;
};

struct Pins {
    bool cke, cs_n, ras_n, cas_n, we_n, dq_oe;
    unsigned ba, a, dqm, dq_o;
};

// Of a top whose pins are called chip_*.
template <class Top>
Pins pins_of(const Top& top) {
    return {bool(top.chip_cke),   bool(top.chip_cs_n), bool(top.chip_ras_n), bool(top.chip_cas_n),
            bool(top.chip_we_n),  bool(top.chip_dq_oe), top.chip_ba,         top.chip_a,
            top.chip_dqm,         top.chip_dq_o};
}

// A chip between edges of its clock; burst length 8, rows closed by PRECHARGE alone.
class Chip {
public:
    explicit Chip(const Rules& rules) : r_{rules}, words_(size_t(4 * rules.rows * rules.columns)) {
        // What a cell has at first depends on its place.
        for (size_t at = 0; at < words_.size(); ++at) words_[at] = uint16_t((at * 0x9e3779b1u) >> 13);
    }

    // Takes what is at the pins; returns what is on dq at the next edge.
    uint16_t edge(const Pins& pins) {
        ++now_;
        if (!pins.cke) return 0xdead;
        if (!pins.cs_n) obey(pins);
        masks_[(now_ + 2) % 16] = pins.dqm;
        demand(!pins.dq_oe || !(driven(now_) || driven(now_ - 1)), "both drive dq");
        if (write_ >= 0 && now_ - write_ < 8) take(pins, int(now_ - write_));
        demand(!mode_ || (now_ - mode_at_) * r_.period / r_.t_refi - refreshed_ <= 8, "refreshes are owed");
        if (mode_ && refreshed_)
            demand(past(refresh_, 0) && (now_ - refresh_) * r_.period <= r_.t_refi, "a refresh is late");
        if (!driven(now_ + 1)) return uint16_t(0xbad0 + now_ % 16);
        const uint16_t hidden = bytes(masks_[(now_ + 1) % 16]);
        return uint16_t((out_[(now_ + 1) % 64] & ~hidden) | (0x5a5a & hidden));
    }

    // Whoever told the chip what to do begins anew, with the power-up sequence; words stay.
    void forget() {
        began_ = now_, refresh_ = mode_at_ = NEVER, busy_ = write_ = -1, refreshed_ = 0;
        mode_ = false;
        banks_ = {}, due_.fill(NEVER), masks_.fill(0);
    }

    uint16_t& word(uint64_t bank, uint64_t row, uint64_t column) {
        return words_[(bank * uint64_t(r_.rows) + row) * uint64_t(r_.columns) + column];
    }

    const Rules& rules() const { return r_; }
    int64_t edges() const { return now_ + 1; }

private:
    struct Bank {
        int64_t row = -1, opened = NEVER, closed = NEVER, written = NEVER, read = NEVER;
        bool known = false;  // it was closed since power-up
    };

    void demand(bool holds, const char* rule) const {
        if (!holds) throw std::runtime_error("edge " + std::to_string(now_) + ": " + rule);
    }
    static uint16_t bytes(unsigned mask) {
        return uint16_t((mask & 1 ? 0xff : 0) | (mask & 2 ? 0xff00 : 0));
    }
    bool past(int64_t since, int64_t time) const { return (now_ - since) * r_.period >= time; }
    bool driven(int64_t at) const { return due_[uint64_t(at) % 64] == at; }

    void obey(const Pins& pins) {
        const int code = pins.ras_n << 2 | pins.cas_n << 1 | int(pins.we_n);
        if (code == 7) return;
        Bank& bank = banks_[pins.ba];
        const int64_t address = pins.a;
        demand(past(began_, r_.power_up), "power-up time");
        demand(past(refresh_, r_.t_rfc), "tRFC");
        demand(past(mode_at_, std::max(r_.t_mrd, 2 * r_.period)), "tMRD");
        switch (code) {
        case 3:
            demand(mode_ && bank.known && bank.row < 0 && address < r_.rows, "a row is opened");
            demand(past(bank.closed, r_.t_rp) && past(bank.opened, r_.t_rc), "tRP, tRC");
            for (const Bank& other : banks_)
                demand(&other == &bank || past(other.opened, r_.t_rrd), "tRRD");
            bank.row = address, bank.opened = now_;
            break;
        case 4:
        case 5:
            demand(bank.row >= 0 && address < r_.columns && address % 8 == 0, "an access");
            demand(past(bank.opened, r_.t_rcd), "tRCD");
            demand(now_ > busy_, "a burst is cut");
            busy_ = now_ + 7;
            at_ = &word(pins.ba, uint64_t(bank.row), uint64_t(address));
            if (code == 4) {
                write_ = now_, bank.written = busy_;
            } else {
                bank.read = busy_;
                for (int i = 0; i < 8; ++i) {
                    const int64_t edge = now_ + r_.cas + i;
                    due_[edge % 64] = edge, out_[edge % 64] = at_[i];
                }
            }
            break;
        case 2:
            for (unsigned i = 0; i < 4; ++i)
                if (i == pins.ba || address >> 10 & 1) close(banks_[i]);
            break;
        case 1:
            rest();
            refresh_ = now_, ++refreshed_;
            break;
        case 0:
            rest();
            demand(refreshed_ >= r_.refreshes && address == (r_.cas << 4 | 3), "the mode");
            mode_ = true, mode_at_ = now_, refreshed_ = 0;
            break;
        default:
            demand(false, "burst stop");
        }
    }

    void close(Bank& bank) {
        if (bank.row >= 0)
            demand(past(bank.opened, r_.t_ras) && past(bank.written, r_.t_wr) && now_ > bank.read,
                   "tRAS, tWR, or a read is cut");
        bank.row = -1, bank.closed = now_, bank.known = true;
    }

    void rest() const {
        for (const Bank& bank : banks_)
            demand(bank.known && bank.row < 0 && past(bank.closed, r_.t_rp), "all must be closed");
    }

    void take(const Pins& pins, int index) {
        demand(pins.dq_oe || pins.dqm == 3, "a write is not driven");
        const uint16_t keep = bytes(pins.dqm);
        at_[index] = uint16_t((pins.dq_o & ~keep) | (at_[index] & keep));
    }

    Rules r_;
    int64_t now_ = -1, began_ = 0;
    int64_t refresh_ = NEVER, mode_at_ = NEVER, busy_ = -1, write_ = -1, refreshed_ = 0;
    bool mode_ = false;
    std::vector<uint16_t> words_;
    uint16_t* at_ = nullptr;  // the first word of the burst under way
    std::array<Bank, 4> banks_;
    std::array<int64_t, 64> due_{};  // the edge of which a place of out_ is
    std::array<uint16_t, 64> out_{};
    std::array<unsigned, 16> masks_{};
};

}  // namespace sdram
