// SPDX-License-Identifier: Apache-2.0
// A board around a Verilated BoardCore: both clocks, the memory chip, the host's end of the line.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <exception>
#include <stdexcept>
#include <string>
#include <verilated.h>

#include "Vtop.h"
#include "sdram_chip.h"
#include "uart_line.h"

namespace {

struct Numbers {  // as in native.py
    int64_t ratio;       // edges of the memory's clock in one of the design's
    int64_t read_delay;  // as of the controller
    int64_t reset;       // cycles of the design's clock
    double bit;          // edges of the memory's clock
    sdram::Rules rules;
};

enum Until { TIME, BYTE, SENT, TESTED };

class Board {
public:
    explicit Board(const Numbers& n)
        : n_{n}, top_{&context_}, chip_{n.rules}, line_{n.bit} {
        top_.eval();
        reset();
    }

    // Both domains together; the chip keeps its words and is told all else again.
    void reset() {
        resetting_ = n_.reset * n_.ratio;
        top_.rst = 1;
        // A word in the pads is lost, too.
        late_.assign(size_t(n_.read_delay - 1), 0);
        chip_.forget();
    }

    bool run(int64_t edges, Until until) {
        for (int64_t end = edge_ + edges; edge_ < end; ++edge_) {
            step();
            if (until == BYTE && !line_.received.empty()) return true;
            if (until == SENT && !line_.sending()) return true;
            if (until == TESTED && !resetting_ && (top_.ready || top_.failed)) return true;
        }
        return false;
    }

    // A word of memory at a byte address, as the controller's docstring lays it out.
    uint16_t& word(uint64_t address) {
        const sdram::Rules& r = chip_.rules();
        const uint64_t at = address / 2, columns = uint64_t(r.columns);
        if (at >= 4 * columns * uint64_t(r.rows)) throw std::runtime_error("beyond the memory");
        return chip_.word(at / columns % 4, at / columns / 4, at % columns);
    }

    unsigned lamps() const {
        return top_.ready | top_.failed << 1 | top_.busy << 2 | top_.done << 3;
    }
    int64_t cycles() const { return edge_ / n_.ratio; }
    int64_t lost() const { return lost_; }  // frames and bytes of the host
    UartLine& line() { return line_; }

    std::string fault;
    uint16_t stuck = 0, stuck_at = 0;  // bits of dq that are, and what they are

private:
    void step() {
        // The chip takes what was at its pins before the edge. Registers in the pads and a shifted
        // clock come to a number of cycles between its words and the fabric.
        const bool sync = edge_ % n_.ratio == 0;
        const double now = double(edge_);
        late_.push_back(resetting_ ? 0 : chip_.edge(sdram::pins_of(top_)));
        const uint16_t word = uint16_t((late_.front() & ~stuck) | (stuck_at & stuck));
        late_.pop_front();
        top_.clk = sync, top_.chip_clk = 1;
        top_.eval();
        top_.clk = top_.chip_clk = 0;
        // Inputs change after the edge.
        if (resetting_ && !--resetting_) top_.rst = 0;
        top_.chip_dq_i = word;
        top_.rx = line_.level(now);
        top_.eval();
        if (sync) line_.look(now, top_.tx), lost_ += top_.lost;
    }

    Numbers n_;
    VerilatedContext context_;
    Vtop top_;
    sdram::Chip chip_;
    UartLine line_;
    std::deque<uint16_t> late_;
    int64_t edge_ = 0, resetting_ = 0, lost_ = 0;
};

}  // namespace

// What Verilator does of itself would end Python, too.
void vl_fatal(const char* file, int line, const char*, const char* message) {
    throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + message);
}
void vl_stop(const char* file, int line, const char* scope) {
    vl_fatal(file, line, scope, "the design stopped the simulation");
}

#define VISIBLE extern "C" __attribute__((visibility("default")))

VISIBLE Board* board_create(const Numbers* numbers) { return new Board{*numbers}; }
VISIBLE void board_destroy(Board* board) { delete board; }
VISIBLE void board_reset(Board* board) { board->reset(); }
VISIBLE unsigned board_lamps(const Board* board) { return board->lamps(); }
VISIBLE int64_t board_cycles(const Board* board) { return board->cycles(); }
VISIBLE int64_t board_lost(const Board* board) { return board->lost(); }

// 1 if what was waited for came, 0 if not, -1 with a fault.
VISIBLE int board_run(Board* board, int64_t edges, int until) {
    try {
        return board->run(edges, Until(until));
    } catch (const std::exception& error) {
        board->fault = error.what();
        return -1;
    }
}
VISIBLE const char* board_fault(const Board* board) { return board->fault.c_str(); }
VISIBLE void board_stick(Board* board, unsigned bits, unsigned level) {
    board->stuck = uint16_t(bits), board->stuck_at = uint16_t(level);
}

VISIBLE void board_send(Board* board, const uint8_t* bytes, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) board->line().send(bytes[i]);
}
VISIBLE uint64_t board_receive(Board* board, uint8_t* bytes, uint64_t room) {
    auto& received = board->line().received;
    const uint64_t count = std::min<uint64_t>(room, received.size());
    std::copy_n(received.begin(), count, bytes);
    received.erase(received.begin(), received.begin() + int64_t(count));
    return count;
}

// Memory behind the controller's back; address and count are even.
VISIBLE void board_memory(Board* board, uint64_t address, uint8_t* bytes, uint64_t count, int write) {
    for (uint64_t i = 0; i < count; i += 2) {
        uint16_t& word = board->word(address + i);
        if (write) word = uint16_t(bytes[i] | bytes[i + 1] << 8);
        bytes[i] = uint8_t(word), bytes[i + 1] = uint8_t(word >> 8);
    }
}
