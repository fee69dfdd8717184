// SPDX-License-Identifier: Apache-2.0
// An answer without Python: main XCLBIN IMAGE COUNT TOKEN... prints COUNT tokens.
#include "card.h"
#include "design.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using streamhw::Card;

std::vector<char> image_of(const char *file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream)
        throw std::runtime_error(std::string("Image must be readable: ") + file);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void settle(Card &card) {
    for (int look = 0; look < 100000; ++look)
        if (card.read(design::STATUS) & design::STATUS_IDLE)
            return;
    throw std::runtime_error("Kernel must become idle, but memory still owes it something");
}

// Beats of the image go to the ports in turn, or all to the one buffer that every port sees.
void place(Card &card, const std::vector<char> &image) {
    const std::size_t ports = std::size(design::PORTS);
    const std::size_t stripes = design::STRIPED ? ports : 1;
    const std::size_t beat = design::BEAT_BYTES, whole = beat * stripes;
    const std::size_t rows = (design::MEMORY_BYTES + whole - 1) / whole;
    std::uint64_t address = 0;
    for (std::size_t port = 0; port < ports; ++port) {
        if (port < stripes) {
            const std::size_t bytes = (rows * beat + 4095) / 4096 * 4096;
            address = card.allocate(port, design::PORTS[port].bank, bytes);
            if (address % 4096)
                throw std::runtime_error("Buffer must begin at a page of 4 KiB, but does not");
            std::vector<char> part(bytes);
            for (std::size_t row = 0, at = port * beat; at < image.size(); ++row, at += whole)
                std::copy_n(&image[at], std::min(beat, image.size() - at), &part[row * beat]);
            card.to_card(port, 0, part.data(), part.size());
        }
        card.write(design::PORTS[port].base, static_cast<std::uint32_t>(address));
        card.write(design::PORTS[port].base + 4, static_cast<std::uint32_t>(address >> 32));
    }
}

void answer(Card &card, const std::vector<std::uint32_t> &prompt, std::uint32_t count) {
    const auto length = static_cast<std::uint32_t>(prompt.size()), total = length + count;
    for (std::uint32_t at = 0; at < length; ++at)
        card.write(design::WINDOW + 4 * at, prompt[at]);
    card.write(design::PROMPT_LENGTH, length);
    card.write(design::TOTAL_LENGTH, total);
    card.write(design::EOS, 0);
    card.write(design::BASE_LO, 0);
    card.write(design::BASE_HI, 0);
    card.write(design::CONTROL, design::CONTROL_START);
    for (std::uint32_t seen = length; seen < total;) {
        if (card.read(design::STATUS) & design::STATUS_ERROR)
            throw std::runtime_error("Kernel must answer, but tells an error");
        const auto there = card.read(design::COUNT);
        for (; seen < there; ++seen)
            std::cout << card.read(design::WINDOW + 4 * seen) << std::endl;
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

}  // namespace

int main(int argc, char **argv) {
    try {
        if (argc < 5)
            throw std::runtime_error("usage: main XCLBIN IMAGE COUNT TOKEN...");
        std::vector<std::uint32_t> prompt;
        for (int at = 4; at < argc; ++at)
            prompt.push_back(static_cast<std::uint32_t>(std::stoul(argv[at])));
        Card card(argv[1], 0, design::KERNEL);
        if (card.read(design::ID) != design::ID_VALUE || card.read(design::BUILD) != design::BUILD_VALUE)
            throw std::runtime_error("Kernel must be of this build, but is another one");
        card.write(design::CONTROL, design::CONTROL_ABORT);
        settle(card);
        place(card, image_of(argv[2]));
        answer(card, prompt, static_cast<std::uint32_t>(std::stoul(argv[3])));
        settle(card);
        return EXIT_SUCCESS;
    } catch (const std::exception &error) {
        std::cerr << "error: " << error.what() << std::endl;
        return EXIT_FAILURE;
    }
}
