// SPDX-License-Identifier: Apache-2.0
// Random bursts through the controller against a chip that checks its data sheet: what
// streamhw/testing/sdram.py does, in C++ for millions of bursts.
#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <unordered_map>
#include <verilated.h>

#include "Vtop.h"

namespace {

using Beat = std::array<uint32_t, 4>;
constexpr int64_t NEVER = -(int64_t{1} << 40);

uint64_t sdram_edge = 0, bursts_done = 0;

[[noreturn]] void fail(const char* format, ...) {
    std::fprintf(stderr, "edge %llu, burst %llu: ", (unsigned long long)sdram_edge,
                 (unsigned long long)bursts_done);
    va_list list;
    va_start(list, format);
    std::vfprintf(stderr, format, list);
    std::fprintf(stderr, "\n");
    std::exit(1);
}
void demand(bool holds, const char* rule) {
    if (!holds) fail("%s", rule);
}

struct Numbers {  // in the order of the arguments; times are picoseconds
    int64_t seed, bursts, flow, period, sdram_period, read_delay, cas, rows, columns, refreshes;
    int64_t power_up, t_rcd, t_rp, t_ras, t_rc, t_rfc, t_wr, t_rrd, t_mrd, t_refi;
};

// A chip between edges of its clock; burst length 8, rows closed by PRECHARGE alone.
class Chip {
public:
    explicit Chip(const Numbers& n) : n_{n} {}

    uint16_t edge(const Vtop& pins) {
        now_ = int64_t(sdram_edge);
        if (!pins.chip_cke) return 0xdead;
        if (!pins.chip_cs_n) obey(pins);
        masks_[(now_ + 2) % 16] = pins.chip_dqm;
        demand(!pins.chip_dq_oe || !(driven(now_) || driven(now_ - 1)), "both drive dq");
        if (write_ >= 0 && now_ - write_ < 8) take(pins, int(now_ - write_));
        demand(!mode_ || (now_ - mode_at_) * n_.sdram_period / n_.t_refi - refreshed_ <= 8, "refreshes are owed");
        if (mode_ && refreshed_) demand(past(refresh_, 0) && (now_ - refresh_) * n_.sdram_period <= n_.t_refi, "a refresh is late");
        const int mask = masks_[(now_ + 1) % 16];
        if (!driven(now_ + 1)) return uint16_t(0xbad0 + now_ % 16);
        const uint16_t hidden = uint16_t((mask & 1 ? 0xff : 0) | (mask & 2 ? 0xff00 : 0));
        return uint16_t((out_[(now_ + 1) % 64] & ~hidden) | (0x5a5a & hidden));
    }

private:
    struct Bank {
        int64_t row = -1, opened = NEVER, closed = NEVER, written = NEVER, read = NEVER;
        bool known = false;  // it was closed since power-up
    };

    bool past(int64_t since, int64_t time) const { return (now_ - since) * n_.sdram_period >= time; }
    bool driven(int64_t at) const { return due_[at % 64] == at; }
    uint32_t cell(uint64_t bank, uint64_t row, uint64_t column) const {
        return uint32_t((bank * n_.rows + row) * n_.columns + column);
    }
    // What a cell has at first depends on its place.
    uint16_t& word(uint32_t at) {
        return words_.try_emplace(at, uint16_t((at * 0x9e3779b1u) >> 13)).first->second;
    }

    void obey(const Vtop& pins) {
        const int code = pins.chip_ras_n << 2 | pins.chip_cas_n << 1 | pins.chip_we_n;
        if (code == 7) return;
        Bank& bank = banks_[pins.chip_ba];
        const int64_t address = pins.chip_a;
        demand(past(0, n_.power_up), "power-up time");
        demand(past(refresh_, n_.t_rfc), "tRFC");
        demand(past(mode_at_, std::max(n_.t_mrd, 2 * n_.sdram_period)), "tMRD");
        switch (code) {
        case 3:
            demand(mode_ && bank.known && bank.row < 0 && address < n_.rows, "a row is opened");
            demand(past(bank.closed, n_.t_rp) && past(bank.opened, n_.t_rc), "tRP, tRC");
            for (const Bank& other : banks_)
                demand(&other == &bank || past(other.opened, n_.t_rrd), "tRRD");
            bank.row = address, bank.opened = now_;
            break;
        case 4:
        case 5:
            demand(bank.row >= 0 && address < n_.columns && address % 8 == 0, "an access");
            demand(past(bank.opened, n_.t_rcd), "tRCD");
            demand(now_ > busy_, "a burst is cut");
            busy_ = now_ + 7;
            at_ = cell(pins.chip_ba, uint64_t(bank.row), uint64_t(address));
            if (code == 4) {
                write_ = now_, bank.written = busy_;
            } else {
                bank.read = busy_;
                for (int i = 0; i < 8; ++i) {
                    const int64_t edge = now_ + n_.cas + i;
                    due_[edge % 64] = edge, out_[edge % 64] = word(at_ + uint32_t(i));
                }
            }
            break;
        case 2:
            for (int i = 0; i < 4; ++i)
                if (i == pins.chip_ba || address >> 10 & 1) close(banks_[i]);
            break;
        case 1:
            rest();
            refresh_ = now_, ++refreshed_;
            break;
        case 0:
            rest();
            demand(refreshed_ >= n_.refreshes && address == (n_.cas << 4 | 3), "the mode");
            mode_ = true, mode_at_ = now_, refreshed_ = 0;
            break;
        default:
            fail("burst stop");
        }
    }

    void close(Bank& bank) {
        if (bank.row >= 0)
            demand(past(bank.opened, n_.t_ras) && past(bank.written, n_.t_wr) && now_ > bank.read,
                   "tRAS, tWR, or a read is cut");
        bank.row = -1, bank.closed = now_, bank.known = true;
    }

    void rest() const {
        for (const Bank& bank : banks_)
            demand(bank.known && bank.row < 0 && past(bank.closed, n_.t_rp), "all must be closed");
    }

    void take(const Vtop& pins, int index) {
        demand(pins.chip_dq_oe || pins.chip_dqm == 3, "a write is not driven");
        uint16_t& to = word(at_ + uint32_t(index));
        const uint16_t keep =
            uint16_t((pins.chip_dqm & 1 ? 0xff : 0) | (pins.chip_dqm & 2 ? 0xff00 : 0));
        to = uint16_t((pins.chip_dq_o & ~keep) | (to & keep));
    }

    Numbers n_;
    int64_t now_ = 0, refresh_ = NEVER, mode_at_ = NEVER, busy_ = -1, write_ = -1, refreshed_ = 0;
    bool mode_ = false;
    uint32_t at_ = 0;
    std::array<Bank, 4> banks_;
    std::array<int64_t, 64> due_{};  // the edge of which a place of out_ is
    std::array<uint16_t, 64> out_{};
    std::array<int, 16> masks_{};
    std::unordered_map<uint32_t, uint16_t> words_;
};

struct Burst {
    uint64_t beat, beats;
    unsigned id, resp, done;
};

bool touch(const Burst& a, const Burst& b) {
    return a.beat < b.beat + b.beats && b.beat < a.beat + a.beats;
}

// The master: all channels with random pauses, and what each beat must be.
class Master {
public:
    Master(const Numbers& n, Vtop& dut) : n_{n}, dut_{dut}, rng_{uint64_t(n.seed)} {}

    bool finished() const {
        return begun_ >= n_.bursts && reads_.empty() && writes_.empty();
    }

    // What is at the bus in this cycle passes at its end.
    void sample() {
        ar_taken_ = dut_.s_axi_arvalid && dut_.s_axi_arready;
        aw_taken_ = dut_.s_axi_awvalid && dut_.s_axi_awready;
        w_taken_ = dut_.s_axi_wvalid && dut_.s_axi_wready;
        if (dut_.s_axi_rvalid && dut_.s_axi_rready) read();
        if (dut_.s_axi_bvalid && dut_.s_axi_bready) {
            demand(!writes_.empty(), "an answer that nobody waits for");
            demand(dut_.s_axi_bid == writes_[0].id && dut_.s_axi_bresp == writes_[0].resp, "B");
            writes_.pop_front(), ++bursts_done;
        }
    }

    // What is at the bus in the next cycle.
    void drive() {
        if (ar_taken_) ar_.pop_front(), dut_.s_axi_arvalid = 0;
        if (aw_taken_) aw_.pop_front(), dut_.s_axi_awvalid = 0;
        if (w_taken_) w_.pop_front(), dut_.s_axi_wvalid = 0;
        if (begun_ < n_.bursts && reads_.size() + writes_.size() < 40 && w_.size() < 64) begin();
        if (!dut_.s_axi_arvalid && !ar_.empty() && goes()) {
            dut_.s_axi_arvalid = 1;
            address(ar_[0], dut_.s_axi_araddr, dut_.s_axi_arlen, dut_.s_axi_arid);
            dut_.s_axi_arsize = ar_[0].resp == 2 ? 3 : 4;
        }
        if (!dut_.s_axi_awvalid && !aw_.empty() && goes()) {
            dut_.s_axi_awvalid = 1;
            address(aw_[0], dut_.s_axi_awaddr, dut_.s_axi_awlen, dut_.s_axi_awid);
            dut_.s_axi_awsize = aw_[0].resp == 2 ? 3 : 4;
        }
        if (!dut_.s_axi_wvalid && !w_.empty() && goes()) {
            dut_.s_axi_wvalid = 1;
            for (int i = 0; i < 4; ++i) dut_.s_axi_wdata[i] = w_[0].data[i];
            dut_.s_axi_wstrb = w_[0].strobe, dut_.s_axi_wlast = w_[0].last;
        }
        dut_.s_axi_rready = goes(), dut_.s_axi_bready = goes();
    }

private:
    struct Data {
        Beat data;
        uint16_t strobe;
        bool last;
    };

    uint64_t draw(uint64_t below) { return rng_() % below; }
    bool goes() { return int64_t(draw(100)) < n_.flow; }

    template <class A, class L, class I>
    static void address(const Burst& burst, A& address, L& length, I& id) {
        address = burst.beat * 16, length = uint8_t(burst.beats - 1), id = uint8_t(burst.id);
    }

    void begin() {
        const uint64_t memory = uint64_t(n_.rows) * n_.columns / 2, row = uint64_t(n_.columns) / 8;
        Burst burst{0, 1 + (draw(2) ? draw(16) : 0), unsigned(draw(16)), 0, 0};
        // few rows of each bank, or anywhere; never across 4 KiB
        const uint64_t page = draw(4) ? draw(12) : draw(memory / row);
        burst.beat = page * row + draw(row - 15);
        if (draw(50) == 0) burst.beat += memory * (1 + draw(100)), burst.resp = 3;
        else if (draw(50) == 0) burst.resp = 2;
        const bool write = draw(2);
        for (const Burst& other : write ? reads_ : writes_)
            if (touch(burst, other)) return;
        ++begun_;
        (write ? writes_ : reads_).push_back(burst), (write ? aw_ : ar_).push_back(burst);
        for (uint64_t i = 0; write && i < burst.beats; ++i) {
            Data data{{}, 0xffff, i + 1 == burst.beats};
            for (uint32_t& part : data.data) part = uint32_t(rng_());
            const auto found = content_.find(burst.beat + i);
            if (found != content_.end() && draw(3) == 0) data.strobe = uint16_t(rng_());
            w_.push_back(data);
            if (burst.resp) continue;
            Beat& to = content_[burst.beat + i];
            for (int byte = 0; byte < 16; ++byte)
                if (data.strobe >> byte & 1)
                    reinterpret_cast<uint8_t*>(to.data())[byte] =
                        reinterpret_cast<const uint8_t*>(data.data.data())[byte];
        }
    }

    void read() {
        demand(!reads_.empty(), "a beat that nobody waits for");
        Burst& burst = reads_[0];
        const uint64_t beat = burst.beat + burst.done++;
        const bool last = burst.done == burst.beats;
        demand(dut_.s_axi_rid == burst.id && dut_.s_axi_rresp == burst.resp, "RID, RRESP");
        demand(dut_.s_axi_rlast == last, "RLAST");
        if (!burst.resp) {
            Beat data;
            for (int i = 0; i < 4; ++i) data[i] = dut_.s_axi_rdata[i];
            if (content_.try_emplace(beat, data).first->second != data)
                fail("beat %#llx is wrong", (unsigned long long)beat);
        }
        if (last) reads_.pop_front(), ++bursts_done;
    }

    Numbers n_;
    Vtop& dut_;
    std::mt19937_64 rng_;
    int64_t begun_ = 0;
    bool ar_taken_ = false, aw_taken_ = false, w_taken_ = false;
    std::deque<Burst> reads_, writes_, ar_, aw_;
    std::deque<Data> w_;
    std::unordered_map<uint64_t, Beat> content_;
};

}  // namespace

int main(int argc, char** argv) {
    Numbers n;
    int64_t* field = &n.seed;
    demand(argc == 1 + int(sizeof(Numbers) / sizeof(int64_t)), "all numbers must be given");
    for (int i = 1; i < argc; ++i) *field++ = std::atoll(argv[i]);

    VerilatedContext context;
    Vtop dut{&context};
    Master master{n, dut};
    Chip chip{n};
    std::deque<uint16_t> late(size_t(n.read_delay - 1), 0);
    int64_t next = n.period, sdram_next = n.sdram_period, idle = 0;
    uint64_t before = 0;
    dut.s_axi_arburst = dut.s_axi_awburst = 1;
    dut.eval();
    while (!master.finished()) {
        const int64_t time = std::min(next, sdram_next);
        const bool sync = next == time, sdram = sdram_next == time;
        if (sync) master.sample();
        uint16_t word = dut.chip_dq_i;
        if (sdram) {
            late.push_back(chip.edge(dut));
            word = late.front();
            late.pop_front();
            ++sdram_edge;
        }
        dut.clk = sync, dut.chip_clk = sdram;
        dut.eval();
        dut.clk = dut.chip_clk = 0;
        // inputs change after the edge
        if (sync) master.drive(), next += n.period;
        if (sdram) dut.chip_dq_i = word, sdram_next += n.sdram_period;
        dut.eval();
        idle = bursts_done == before ? idle + 1 : 0, before = bursts_done;
        demand(idle < 1'000'000, "nothing happens any more");
    }
    std::printf("%llu bursts, %llu edges\n", (unsigned long long)bursts_done,
                (unsigned long long)sdram_edge);
    return 0;
}
