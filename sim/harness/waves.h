// SPDX-License-Identifier: Apache-2.0
// Records what chosen streams do in a window of cycles: each change of a handshake, each beat that
// is offered.
#pragma once

#include <algorithm>
#include <vector>

#include "observe.h"

// Layout known to Python. A window begins in a cycle, or with a transfer of a stream.
struct WaveWindow {
    uint64_t cycle;
    uint32_t by_transfer;  // whether it begins with a transfer
    uint32_t stream;       // whose
    uint64_t transfer;     // its number, from 0
    uint64_t cycles;       // that the window has
};

// What one stream did since it was taken; cycles are counted from the begin of the simulation.
class WaveTap {
public:
    explicit WaveTap(const StreamTap& stream)
        : stream_{&stream}, hands_{stream.at_sink()}, last_(stream.beat_bytes()) {}

    // Must follow the sample of the stream.
    void sample(uint64_t cycle) {
        const uint64_t now = hands_.offers() | hands_.takes() << 1;
        if (now != state_) hands.push_back(cycle * STATES + now), state_ = now;
        if (!hands_.offers()) return;
        const uint64_t number = stream_->counters.transfers - hands_.takes();
        const auto* beat = static_cast<const uint8_t*>(stream_->payload().data);
        if (number == number_ && std::equal(last_.begin(), last_.end(), beat)) return;
        number_ = number;
        std::copy_n(beat, last_.size(), last_.begin());
        offered.push_back(cycle), numbers.push_back(number);
        beats.insert(beats.end(), last_.begin(), last_.end());
    }

    void clear() { hands.clear(), offered.clear(), numbers.clear(), beats.clear(); }

    static constexpr uint64_t STATES = 4;  // known to Python
    std::vector<uint64_t> hands;           // cycle * STATES + valid + 2 * ready
    std::vector<uint64_t> offered;         // cycles of beats
    std::vector<uint64_t> numbers;         // how many passed before each
    std::vector<uint8_t> beats;            // their payloads

private:
    const StreamTap* stream_;
    Handshake hands_;
    std::vector<uint8_t> last_;
    uint64_t number_ = UINT64_MAX;  // none, as the state, so that the first one is a change
    uint64_t state_ = STATES;
};

class WaveRecorder {
public:
    void arm(const WaveWindow& window, std::vector<WaveTap> chosen) {
        window_ = window, taps = std::move(chosen), begin = cycles = 0;
        state_ = ARMED;
    }

    // Must follow the samples of the streams.
    void sample(uint64_t cycle, const std::vector<StreamTap>& streams) {
        if (state_ == ARMED && begins(cycle, streams)) begin = cycle, state_ = OPEN;
        if (state_ != OPEN) return;
        for (WaveTap& tap : taps) tap.sample(cycle);
        if (++cycles == window_.cycles) state_ = CLOSED;
    }

    uint64_t begin = 0;   // cycle of the first sample
    uint64_t cycles = 0;  // sampled so far
    std::vector<WaveTap> taps;

private:
    enum { CLOSED, ARMED, OPEN } state_ = CLOSED;
    WaveWindow window_{};

    bool begins(uint64_t cycle, const std::vector<StreamTap>& streams) const {
        if (!window_.by_transfer) return cycle == window_.cycle;
        return streams[window_.stream].counters.transfers > window_.transfer;
    }
};
