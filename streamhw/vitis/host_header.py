# SPDX-License-Identifier: Apache-2.0
"""``design.h``: what a C++ host must know of a build, from the register map and the manifest."""

from ..runtime.manifest import Manifest
from ..stream.axi import register_map as registers
from .kernel import VitisKernel
from .kernel_shell import KERNEL

__all__ = ["host_header"]

SHOWN = (
    "ID",
    "BUILD",
    "CONTROL",
    "STATUS",
    "PROMPT_LENGTH",
    "TOTAL_LENGTH",
    "COUNT",
    "EOS",
    "BASE_LO",
    "BASE_HI",
    "WINDOW",
)
"""Registers that a host needs for an answer."""

TEXT = """\
// Written by streamhw for one build.
#pragma once

#include <cstddef>
#include <cstdint>

namespace design {{

struct Port {{
    const char *bank;
    std::uint32_t base;  // register of the address of its memory
}};

constexpr const char *KERNEL = "{kernel}";
{numbers}
constexpr bool STRIPED = {striped};
constexpr std::size_t BEAT_BYTES = {beat};
constexpr std::size_t MEMORY_BYTES = {memory};
constexpr Port PORTS[] = {{
{ports}
}};

}}  // namespace design
"""


def host_header(manifest: Manifest, kernel: VitisKernel) -> str:
    """The text of the header."""
    addresses = manifest.register_map()
    numbers = {name: addresses[name] for name in SHOWN}
    numbers |= {
        "ID_VALUE": registers.ID_VALUE,
        "BUILD_VALUE": manifest.build,
        "CONTROL_START": registers.CONTROL_START,
        "CONTROL_ABORT": registers.CONTROL_ABORT,
        "STATUS_ERROR": registers.STATUS_ERROR,
        "STATUS_IDLE": registers.STATUS_IDLE,
    }
    return TEXT.format(
        kernel=KERNEL,
        numbers="\n".join(
            f"constexpr std::uint32_t {name} = {value:#x};" for name, value in numbers.items()
        ),
        striped="true" if manifest.memory.striped else "false",
        beat=manifest.ports[0].data_width // 8,
        memory=manifest.memory.bytes,
        ports="\n".join(f'    {{"{m.bank}", {m.base:#x}}},' for m in kernel.masters),
    )
