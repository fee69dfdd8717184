// SPDX-License-Identifier: Apache-2.0
#include "card.h"

#include <stdexcept>

namespace streamhw {

Card::Card(const std::string &xclbin, unsigned index, const std::string &kernel)
    : device_(index), xclbin_(xclbin), uuid_(device_.load_xclbin(xclbin_)),
      ip_(device_, uuid_, kernel) {}

std::uint64_t Card::allocate(unsigned port, const std::string &bank, std::size_t bytes) {
    for (const auto &memory : xclbin_.get_mems()) {
        if (memory.get_tag() != bank || !memory.get_used())
            continue;
        const auto group = static_cast<xrt::memory_group>(memory.get_index());
        buffers_[port] = xrt::bo(device_, bytes, xrt::bo::flags::normal, group);
        return buffers_[port].address();
    }
    throw std::runtime_error("The binary must use memory bank " + bank + ", but does not");
}

void Card::to_card(unsigned port, std::size_t offset, const void *data, std::size_t bytes) {
    auto &buffer = buffers_.at(port);
    buffer.write(data, bytes, offset);
    buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE, bytes, offset);
}

void Card::from_card(unsigned port, std::size_t offset, void *data, std::size_t bytes) {
    auto &buffer = buffers_.at(port);
    buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE, bytes, offset);
    buffer.read(data, bytes, offset);
}

}  // namespace streamhw
