# SPDX-License-Identifier: Apache-2.0
"""An AXI4 port to external memory, as the board has it."""

import re
from dataclasses import dataclass

from ...number_checks import check_number, check_whole

__all__ = ["MemoryPort"]

NAME = re.compile(r"[A-Za-z0-9_]+")
"""Ports of the Verilog are named after it."""

LEAST_RATE = 1e-6
"""Beats a cycle: of anything slower an answer would take days."""

MOST_CYCLES = 1 << 16
"""The longest latency: that of any memory is far below, and FIFOs grow with it."""

ADDRESSES = 1 << 40
"""Bytes that an AXI4 address of a design reaches."""


@dataclass(frozen=True, kw_only=True)
class MemoryPort:
    """One AXI4 port to external memory.

    width: data bits of a beat; beats_per_cycle: at best, of the memory behind it (at most 1);
    latency: cycles from a read address accepted to its first data beat; write_latency: from the
    last data beat of a write to its answer
    address: where its own memory begins, in bytes, if the board's memory is striped
    """

    name: str
    width: int
    beats_per_cycle: float
    latency: int
    write_latency: int = 16
    address: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise ValueError(
                f"Memory port must have a name of letters, digits and _, not {self.name!r}"
            )
        says = f"Memory port {self.name}:"
        check_whole(f"{says} width", self.width, least=8, most=1024)
        if self.width & (self.width - 1):
            raise ValueError(f"{says} width must be a power of two, not {self.width}")
        check_number(f"{says} beats_per_cycle", self.beats_per_cycle, least=LEAST_RATE, most=1)
        check_whole(f"{says} latency", self.latency, least=1, most=MOST_CYCLES)
        check_whole(f"{says} write_latency", self.write_latency, least=1, most=MOST_CYCLES)
        check_whole(f"{says} address", self.address, least=0, most=ADDRESSES - 1)
        if self.address % (self.width // 8):
            raise ValueError(
                f"{says} address must be a multiple of the {self.width // 8} bytes of a beat, "
                f"not {self.address:#x}"
            )
