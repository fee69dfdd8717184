# SPDX-License-Identifier: Apache-2.0
"""An AXI4 port to external memory, as the board has it."""

from dataclasses import dataclass

__all__ = ["MemoryPort"]


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
