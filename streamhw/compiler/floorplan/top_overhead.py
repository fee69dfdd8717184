# SPDX-License-Identifier: Apache-2.0
"""Cells of what the top adds to the parts: registers, arbiters at memory, queues on streams."""

from collections.abc import Mapping
from math import ceil

from ...stream.queue import queue_memory
from ...stream.spec import Memory, Resources
from ..ir.infrastructure import WriteDmaSpec
from ..ir.levels import Netlist
from ..ir.netlist import Channel

__all__ = ["CONTROL", "arbiters", "control", "queue_of", "queue_owner"]

CONTROL = "control"
"""The submodule of the top with registers and token window."""
COMMAND_BITS = 95
"""Bits of what an arbiter takes from one of its masters: an address with its length and tags, and
the order in which answers come."""


def control(design: Netlist) -> Resources:
    """Registers and token window."""
    size = ceil(max(1, (design.graph.vocabulary - 1).bit_length()) / 8)
    window = Memory(8 * size, design.graph.context, readers=2)
    # A read chooses among some words of 32 bits.
    return Resources(luts=200, muxes=6 * 32, ffs=333, memories=(window,))


def arbiters(design: Netlist, ports: Mapping[str, tuple[str, ...]]) -> dict[str, Resources]:
    """The arbiter of each port that several DMAs share, by name: reads and writes apart."""
    writers = {i.name for i in design.instances if isinstance(i.part, WriteDmaSpec)}
    found = {}
    for port in design.board.ports:
        masters = [name for name, at in ports.items() if port.name in at]
        writes = sum(name in writers for name in masters)
        for kind, count in (("read", len(masters) - writes), ("write", writes)):
            if count > 1:
                found[f"{port.name}_{kind}_arbiter"] = _arbiter(kind, count, port.width)
    return found


def _arbiter(kind: str, masters: int, width: int) -> Resources:
    select = (masters - 1) * COMMAND_BITS
    if kind == "read":
        return Resources(
            luts=width + 75 + 5 * masters, picks=select, ffs=2 * width + 150 + 3 * masters
        )
    beat = width + width // 8
    # Two ways of its data are in the LUTs of its register.
    return Resources(
        luts=2 * beat + 215 + 5 * masters,
        picks=select + (masters - 2) * beat,
        ffs=2 * beat + 290 + 4 * masters,
    )


def queue_owner(stream: str) -> str:
    """The submodule of the top that is a stream's queue."""
    return f"{stream}_queue"


def queue_of(channel: Channel, depth: int) -> Resources:
    """The queue of so many beats in front of a stream's sink."""
    width = channel.consumed.beat_bits
    memory = queue_memory(width, depth)
    if memory is None:
        return Resources(ffs=width + 2 if depth else 0)
    address = (depth - 1).bit_length()
    if memory.asynchronous:
        return Resources(luts=6 * address + 4, ffs=3 * address + 3, memories=(memory,))
    return Resources(luts=7 * address + 4, ffs=4 * address + 6 + width, memories=(memory,))
