// SPDX-License-Identifier: Apache-2.0
// A card for other languages: pyxrt has no xrt::ip, through which alone XRT gives registers of a
// kernel that its user manages. Each function gives 0, or 1 with a message in card_error().
#include "card.h"

#include <exception>

namespace {

thread_local std::string error;

template <typename Action> int guarded(Action action) {
    try {
        action();
        return 0;
    } catch (const std::exception &thrown) {
        error = thrown.what();
    } catch (...) {
        error = "unknown error";
    }
    return 1;
}

streamhw::Card &of(void *card) { return *static_cast<streamhw::Card *>(card); }

}  // namespace

extern "C" {

const char *card_error() { return error.c_str(); }

int card_open(const char *xclbin, unsigned index, const char *kernel, void **card) {
    return guarded([&] { *card = new streamhw::Card(xclbin, index, kernel); });
}

void card_close(void *card) { delete static_cast<streamhw::Card *>(card); }

int card_read(void *card, std::uint32_t address, std::uint32_t *value) {
    return guarded([&] { *value = of(card).read(address); });
}

int card_write(void *card, std::uint32_t address, std::uint32_t value) {
    return guarded([&] { of(card).write(address, value); });
}

int card_allocate(
    void *card, unsigned port, const char *bank, std::uint64_t bytes, std::uint64_t *address) {
    return guarded([&] { *address = of(card).allocate(port, bank, bytes); });
}

int card_to(void *card, unsigned port, std::uint64_t offset, const void *data,
            std::uint64_t bytes) {
    return guarded([&] { of(card).to_card(port, offset, data, bytes); });
}

int card_from(void *card, unsigned port, std::uint64_t offset, void *data, std::uint64_t bytes) {
    return guarded([&] { of(card).from_card(port, offset, data, bytes); });
}

}  // extern "C"
