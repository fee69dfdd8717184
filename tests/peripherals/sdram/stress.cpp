// SPDX-License-Identifier: Apache-2.0
// Random bursts through the controller against a chip that checks its data sheet.
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
#include "sdram_chip.h"

namespace {

using Beat = std::array<uint32_t, 4>;

uint64_t bursts_done = 0;

[[noreturn]] void fail(const char* format, ...) {
    std::fprintf(stderr, "burst %llu: ", (unsigned long long)bursts_done);
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
    int64_t seed, bursts, flow, period, read_delay;
    sdram::Rules chip;
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
        const uint64_t memory = uint64_t(n_.chip.rows * n_.chip.columns) / 2;
        const uint64_t row = uint64_t(n_.chip.columns) / 8;
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
    sdram::Chip chip{n.chip};
    std::deque<uint16_t> late(size_t(n.read_delay - 1), 0);
    int64_t next = n.period, sdram_next = n.chip.period, idle = 0;
    uint64_t before = 0;
    dut.s_axi_arburst = dut.s_axi_awburst = 1;
    dut.eval();
    while (!master.finished()) {
        const int64_t time = std::min(next, sdram_next);
        const bool sync = next == time, sdram = sdram_next == time;
        if (sync) master.sample();
        uint16_t word = dut.chip_dq_i;
        if (sdram) {
            try {
                late.push_back(chip.edge(sdram::pins_of(dut)));
            } catch (const std::exception& rule) {
                fail("%s", rule.what());
            }
            word = late.front();
            late.pop_front();
        }
        dut.clk = sync, dut.chip_clk = sdram;
        dut.eval();
        dut.clk = dut.chip_clk = 0;
        // inputs change after the edge
        if (sync) master.drive(), next += n.period;
        if (sdram) dut.chip_dq_i = word, sdram_next += n.chip.period;
        dut.eval();
        idle = bursts_done == before ? idle + 1 : 0, before = bursts_done;
        demand(idle < 1'000'000, "nothing happens any more");
    }
    std::printf("%llu bursts, %llu edges\n", (unsigned long long)bursts_done,
                (unsigned long long)chip.edges());
    return 0;
}
