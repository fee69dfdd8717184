// SPDX-License-Identifier: Apache-2.0
// A card with the kernel: its registers, and a buffer in the memory bank of each port.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#if __has_include(<xrt/experimental/xrt_ip.h>)
#include <xrt/experimental/xrt_ip.h>
#include <xrt/experimental/xrt_xclbin.h>
#else  // before XRT 2.17
#include <experimental/xrt_ip.h>
#include <experimental/xrt_xclbin.h>
#endif

namespace streamhw {

class Card {
public:
    // Loads the binary; throws std::runtime_error if XRT refuses, or the kernel is not in it.
    Card(const std::string &xclbin, unsigned index, const std::string &kernel);

    std::uint32_t read(std::uint32_t address) const { return ip_.read_register(address); }
    void write(std::uint32_t address, std::uint32_t value) { ip_.write_register(address, value); }

    // A buffer in the bank of a port, in place of an earlier one; its address on the card.
    std::uint64_t allocate(unsigned port, const std::string &bank, std::size_t bytes);
    void to_card(unsigned port, std::size_t offset, const void *data, std::size_t bytes);
    void from_card(unsigned port, std::size_t offset, void *data, std::size_t bytes);

private:
    xrt::device device_;
    xrt::xclbin xclbin_;
    xrt::uuid uuid_;
    xrt::ip ip_;
    std::map<unsigned, xrt::bo> buffers_;
};

}  // namespace streamhw
