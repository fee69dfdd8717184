# SPDX-License-Identifier: Apache-2.0
"""Cells of what the top adds to the parts: registers, arbiters at memory, queues on streams."""

from collections.abc import Mapping
from math import ceil

from ...stream.axi.port_watch import OUTSTANDING
from ...stream.axi.register_map import COUNTER_BITS, counters
from ...stream.axi.signature import ADDRESS_WIDTH, ID_WIDTH
from ...stream.queue import queue_memory
from ...stream.spec import Memory, Resources
from ..ir.infrastructure import WriteDmaSpec
from ..ir.levels import Netlist
from ..ir.netlist import Channel

__all__ = [
    "CONTROL",
    "COUNTERS",
    "FAULT_RECORD",
    "RECOVERY",
    "arbiters",
    "control",
    "guard_owner",
    "guards",
    "observed_streams",
    "observer_owner",
    "observers",
    "queue_of",
    "queue_owner",
]

CONTROL = "control"
"""The submodule of the top with registers and token window."""
RECOVERY, FAULT_RECORD = "recovery", "fault_record"
"""Those that lead an abort, and keep what memory did wrong."""
COUNTERS = "counters"
"""The submodule of the top that counts for the host."""
COMMAND_BITS = 95
"""Bits of what an arbiter takes from one of its masters: an address with its length and tags, and
the order in which answers come."""

FAULT_BITS = 43
"""Bits of what a guard says of a fault: its kind and an address."""


def control(design: Netlist) -> dict[str, Resources]:
    """Registers and token window, and what leads an abort, by name."""
    size = ceil(max(1, (design.graph.vocabulary - 1).bit_length()) / 8)
    window = Memory(8 * size, design.graph.context, readers=2)
    number = counters(len(design.board.ports))
    # A read chooses among some words of 32 bits, and keeps the high half of some.
    return {
        CONTROL: Resources(luts=330, muxes=9 * 32, ffs=390, memories=(window,)),
        # A counter of 32 bits and its comparison: carries take more LUTs in some families.
        RECOVERY: Resources(luts=26, muxes=3 * 32, ffs=41),
        COUNTERS: Resources(
            luts=10,
            increments=number * COUNTER_BITS,
            picks=(number - 1) * COUNTER_BITS,
            ffs=(number + 1) * COUNTER_BITS,
        ),
    }


def observer_owner(die: str) -> str:
    """The submodule of the top that chooses, for the counters, a stream whose sink is on a die."""
    return f"observer_{die}"


def observed_streams(
    design: Netlist, dies: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[int, ...]]:
    """Numbers of the streams whose sinks are on each die that has any; dies: of the parts."""
    found: dict[str, tuple[int, ...]] = {}
    for number, channel in enumerate(design.channels):
        (die, *_) = dies[channel.sink.instance]
        found[die] = (*found.get(die, ()), number)
    return found


def observers(design: Netlist, dies: Mapping[str, tuple[str, ...]]) -> dict[str, Resources]:
    """What chooses a stream on each die, by name: a handshake is two registers, and three of four
    of them are gone behind a level of it."""
    streams = observed_streams(design, dies)
    return {
        observer_owner(die): Resources(luts=10, picks=2 * n, ffs=2 * ceil(4 * n / 3) + 12)
        for die, numbers in streams.items()
        for n in (len(numbers),)
    }


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
    # Two ways of its data are in the LUTs of its register, and half of the next two; a choice of
    # many more is no tree of LUTs any more.
    return Resources(
        luts=2 * beat + 215 + 5 * masters,
        picks=select + (masters - 2) * (masters - 3) * beat // 4,
        ffs=2 * beat + 290 + 4 * masters,
    )


def guard_owner(port: str, kind: str) -> str:
    """The submodule of the top that guards a memory port's reads or writes."""
    return f"{port}_{kind}_guard"


def guards(design: Netlist, ports: Mapping[str, tuple[str, ...]]) -> dict[str, Resources]:
    """The guards of each memory port, by name, reads and writes apart; and the record of them."""
    writers = {i.name for i in design.instances if isinstance(i.part, WriteDmaSpec)}
    count = len(design.board.ports)
    record = Resources(luts=30, picks=FAULT_BITS * (2 * count - 1), ffs=46 + 3 * count)
    found = {FAULT_RECORD: record}
    for port in design.board.ports:
        writes = [name in writers for name, at in ports.items() if port.name in at]
        for kind, there in (("read", not all(writes)), ("write", any(writes))):
            if there:
                found[guard_owner(port.name, kind)] = _guard(kind, port.width)
    return found


def _guard(kind: str, width: int) -> Resources:
    shift = (width // 8).bit_length() - 1
    burst = ADDRESS_WIDTH - shift + ID_WIDTH
    if kind == "read":
        record = Memory(burst + 8, OUTSTANDING, asynchronous=True)
        return Resources(luts=118, ffs=75, memories=(record,))
    records = tuple(Memory(bits, OUTSTANDING, asynchronous=True) for bits in (burst, 8))
    return Resources(luts=211 + width // 8, ffs=166, memories=records)


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
