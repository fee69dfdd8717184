# SPDX-License-Identifier: Apache-2.0
"""Parts of the top that are only registers, between dies or in front of resets: names and dies."""

from ...boards.base import Board
from ..ir.levels import PlacedNetlist
from ..ir.serving import dmas, is_write_dma
from .top_overhead import CONTROL, arbiters

__all__ = [
    "REST",
    "boundaries_between",
    "bus_crossing",
    "bus_label",
    "registers_of_top",
    "reset_latency",
    "reset_register",
]

READ_CHANNELS, WRITE_CHANNELS = ("ar", "r"), ("aw", "w", "b")
REST = "rest"
"""Owner of what is reset in the top itself."""


def reset_latency(board: Board) -> int:
    """Cycles from the root of a board's reset tree to the registers of all parts, the same to each.

    0, a single register that resets everything, on a board of one die and one memory port: its
    designs are small. Else as many as cross all dies, and the register at a part.
    """
    boundaries = len(board.stack) - 1
    return 1 + 2 * boundaries if boundaries or len(board.ports) > 1 else 0


def reset_register(owner: str) -> str:
    """The submodule of the top that resets all of an owner, or all owners on a die."""
    return f"reset_{owner}"


def boundaries_between(design: PlacedNetlist, part: str, die: str | None = None) -> int:
    """Boundaries between a part and a die: by default, that of the registers."""
    placement = design.placement
    names = [each.name for each in design.board.stack]
    there = die or placement.dies[CONTROL][0]
    return abs(names.index(placement.dies[part][0]) - names.index(there))


def bus_label(design: PlacedNetlist, dma: str, stripe: int) -> str:
    """What a bus of a DMA is called: a striped one has several."""
    return f"{dma}_{stripe}" if len(design.placement.ports[dma]) > 1 else dma


def bus_crossing(label: str, channel: str) -> str:
    """The submodule of the top that takes a channel of a bus to the die of memory."""
    return f"{label}_{channel}_crossing"


def registers_of_top(design: PlacedNetlist) -> dict[str, tuple[str, ...]]:
    """The dies where each begins and ends, by its name in the top."""
    return _resets(design) | _bus_crossings(design)


def _bus_crossings(design: PlacedNetlist) -> dict[str, tuple[str, ...]]:
    memory = design.board.memory_die
    found: dict[str, tuple[str, ...]] = {}
    for dma in dmas(design.instances):
        (die, *_) = design.placement.dies[dma.name]
        channels = WRITE_CHANNELS if is_write_dma(dma) else READ_CHANNELS
        for stripe in range(len(design.placement.ports[dma.name])):
            label = bus_label(design, dma.name, stripe)
            if die != memory:
                found |= {bus_crossing(label, channel): (die, memory) for channel in channels}
    return found


def _resets(design: PlacedNetlist) -> dict[str, tuple[str, ...]]:
    latency = reset_latency(design.board)
    if latency == 0:
        return {}
    dies, ports = design.placement.dies, design.placement.ports
    home, memory = dies[CONTROL][0], design.board.memory_die
    leaves = {REST: home} | {i.name: dies[i.name][0] for i in design.instances}
    for port in design.board.ports:
        names = {f"{port.name}_{kind}_arbiter" for kind in ("read", "write")}
        if names & set(arbiters(design, ports)):
            leaves[port.name] = memory
    found: dict[str, tuple[str, ...]] = {
        reset_register(owner): (die,) for owner, die in leaves.items()
    }
    if latency > 1:
        for die in leaves.values():
            found[reset_register(die)] = (home,) if die == home else (home, die)
    return found
