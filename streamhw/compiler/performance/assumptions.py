# SPDX-License-Identifier: Apache-2.0
"""What an estimate takes for decided: latencies of queues, memory ports of DMAs, dies between."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...stream.queue import queue_latency
from ..fifo import MINIMUM
from ..ir.levels import Netlist, PlacedNetlist, SizedNetlist
from ..ir.netlist import Channel
from ..ir.serving import dmas, is_write_dma
from .timeline import FIFO_LATENCY

__all__ = ["Assumptions", "before_sizing", "of_placed", "of_sized"]


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What sizing and placement decide, as far as cycles depend on it.

    queue_latency: cycles of the queue of each stream
    prefetch: beats of the queue of parameters
    bounded: whether a part waits for all of the input that its first result needs, however slowly
        it comes, as with queues of these depths; else as if its pipeline held its latency's worth,
        which is what a program for depths may rely on
    port: by DMA, the memory port that it uses, the first of them if its data is striped
    shared: DMAs at a port that others of their direction use, too
    boundaries: by DMA, those between its die and memory's
    """

    queue_latency: Mapping[str, int]
    prefetch: int
    bounded: bool
    port: Mapping[str, str]
    shared: frozenset[str]
    boundaries: Mapping[str, int]


def before_sizing(design: Netlist) -> Assumptions:
    """Of the least queues, the longest queue of parameters, and DMAs as ``of_sized`` has them."""
    reads = {dma.name for dma in dmas(design.instances)}
    return _unplaced(
        design,
        {channel.name: _least_latency(channel, reads) for channel in design.channels},
        prefetch=design.target.prefetch,
        bounded=False,
    )


def of_sized(design: SizedNetlist) -> Assumptions:
    """Of the design's queues; all DMAs share a port, that is not the parameters' if there is
    another, on memory's die."""
    return _unplaced(design, _latencies(design), prefetch=design.depths.ahead, bounded=True)


def of_placed(design: PlacedNetlist) -> Assumptions:
    """All as the stages decided."""
    board, placement = design.board, design.placement
    names = [die.name for die in board.stack]
    writes = {dma.name: is_write_dma(dma) for dma in dmas(design.instances)}
    shared = (
        name
        for name, at in placement.ports.items()
        if any(
            other != name and writes[other] is writes[name] and set(ports) & set(at)
            for other, ports in placement.ports.items()
        )
    )
    return Assumptions(
        queue_latency=_latencies(design),
        prefetch=design.depths.ahead,
        bounded=True,
        port={name: ports[0] for name, ports in placement.ports.items()},
        shared=frozenset(shared),
        boundaries={
            name: abs(names.index(placement.dies[name][0]) - names.index(board.memory_die))
            if board.dies
            else 0
            for name in placement.ports
        },
    )


def _unplaced(
    design: Netlist, latencies: Mapping[str, int], *, prefetch: int, bounded: bool
) -> Assumptions:
    board, names = design.board, [dma.name for dma in dmas(design.instances)]
    return Assumptions(
        queue_latency=latencies,
        prefetch=prefetch,
        bounded=bounded,
        port=dict.fromkeys(names, board.ports[0 if board.striped else -1].name),
        shared=frozenset(names),
        boundaries=dict.fromkeys(names, 0),
    )


def _latencies(design: SizedNetlist) -> dict[str, int]:
    return {name: queue_latency(depth) for name, depth in design.queues.items()}


def _least_latency(channel: Channel, dmas: set[str]) -> int:
    """Commands and data to memory wait in the smallest queue, and what a DMA gives in none."""
    if channel.source.instance in dmas:
        return 0
    return queue_latency(MINIMUM) if channel.sink.instance in dmas else FIFO_LATENCY
