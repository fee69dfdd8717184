// SPDX-License-Identifier: Apache-2.0
// The host's end of a serial line: bytes become levels of exact times, and levels bytes.
#pragma once
#include <cstdint>
#include <deque>
#include <vector>

// Times are in steps of the simulation; a bit need not be a whole number of them.
class UartLine {
public:
    explicit UartLine(double bit) : bit_{bit} {}

    void send(uint8_t byte) { waiting_.push_back(byte); }
    bool sending() const { return sent_ >= 0 || !waiting_.empty(); }

    // What the board sees at a time; times must not fall.
    bool level(double now) {
        if (sent_ >= 0 && now >= began_ + 10 * bit_) sent_ = -1, began_ += 10 * bit_;
        if (sent_ < 0) {
            if (waiting_.empty()) return true;
            // Without a pause behind a byte that ended since the time before.
            began_ = began_ > now - 1 ? began_ : now;
            bits_ = 0x200u | unsigned(waiting_.front()) << 1;
            waiting_.pop_front();
            sent_ = 0;
        }
        while (sent_ < 9 && now >= began_ + (sent_ + 1) * bit_) ++sent_;
        return bits_ >> sent_ & 1;
    }

    // What the board drives at a time.
    void look(double now, bool level) {
        if (heard_ < 0) {
            if (!level) heard_ = 0, start_ = now, byte_ = 0;
            return;
        }
        if (now < start_ + (heard_ + 0.5) * bit_) return;
        if (heard_ == 9) {
            if (level) received.push_back(uint8_t(byte_));  // else no byte: its stop bit is missing
        } else if (heard_) {
            byte_ |= unsigned(level) << (heard_ - 1);
        }
        heard_ = heard_ == 9 || (heard_ == 0 && level) ? -1 : heard_ + 1;
    }

    std::vector<uint8_t> received;

private:
    double bit_, began_ = -1e18, start_ = 0;
    std::deque<uint8_t> waiting_;
    unsigned bits_ = 0, byte_ = 0;
    int sent_ = -1, heard_ = -1;  // bits of the byte under way
};
