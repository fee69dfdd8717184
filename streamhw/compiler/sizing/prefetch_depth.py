# SPDX-License-Identifier: Apache-2.0
"""How many beats of parameters may wait on chip: the queue between memory and all products."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import inf

from ...boards.base import Board
from ...stream.spec import Memory
from ..fifo import Depths, Event, FifoProgram, FifoStream, Rule, Side, ends, size_fifos
from ..ir.infrastructure import BURST
from ..ir.levels import Netlist, SizedNetlist
from ..ir.netlist import Channel, Instance
from ..ir.serving import parameter_dma_of
from ..lowering.insert_dma import parameter_dma
from ..performance.estimate import Estimate
from ..performance.memory_supply import Use
from ..resources.fpga_cells import URAM_WORDS, RamKind, ram_kind

__all__ = [
    "capacity",
    "parameter_queue",
    "prefetch_depth",
    "program_of_parameters",
    "program_of_uses",
    "queue_beats",
    "with_prefetch",
]


def parameter_queue(design: Netlist) -> str:
    """The name of the stream from the DMA of parameters, whose buffer is its queue."""
    (channel,) = design.out_of(parameter_dma_of(design.instances).name)
    return channel.name


def prefetch_depth(estimate: Estimate, steps: Iterable[tuple[int, int]]) -> Depths:
    """The least queue with which no product is later than with one without bound.

    steps: that it must be enough for, each its first position and its tokens

    Memory sends at most at its sustained rate, and others take their beats from it; products need
    theirs when the timelines of two steps, one after the other, say so. The linear program finds
    the latest requests that are soon enough, and counts what then is under way or waits.
    """
    return size_fifos([program_of_parameters(estimate, *step) for step in steps])


def capacity(beats: int, board: Board, most: int) -> int:
    """Beats of the memory for a queue of ``beats`` and the rest of a burst, which is asked for as
    a whole: the next power of two, or, in URAM, all of the words that it has anyway; at least two
    bursts, and at most ``most``."""
    depth = max(2 * BURST, 1 << (beats + BURST - 2).bit_length())
    memory = Memory(board.beat_bits // board.stripes, depth)
    if ram_kind(memory, board.family) is RamKind.ULTRA:
        depth = max(depth, URAM_WORDS)
    return min(most, depth)


def with_prefetch(
    instances: tuple[Instance, ...], board: Board, ahead: int
) -> tuple[Instance, ...]:
    """Parts of which the DMA of parameters has a queue of ``ahead`` beats."""
    dma, part = parameter_dma_of(instances), parameter_dma(board, ahead)
    return tuple(replace(i, part=part) if i is dma else i for i in instances)


def queue_beats(design: SizedNetlist, channel: Channel) -> int:
    """Beats that a stream's queue holds: its FIFO, or the buffer of the DMA of parameters."""
    if channel.source.instance == parameter_dma_of(design.instances).name:
        return design.depths.ahead
    return design.queues[channel.name]


def program_of_parameters(estimate: Estimate, begin: int, tokens: int) -> FifoProgram:
    """The program of two steps, the second of ``tokens`` tokens from position ``begin`` on, the
    parameters of which are used when they are used with a queue without bound."""
    clock = estimate.clock()
    clock.supply = replace(clock.supply, buffer=inf, uses=[])
    now = estimate.step(clock, max(0, begin - tokens), tokens, True, 0.0)
    estimate.step(clock, begin, tokens, True, now)
    uses = clock.supply.uses
    assert uses is not None
    (queue,) = estimate.design.out_of(parameter_dma_of(estimate.design.instances).name)
    program = program_of_uses(
        dict(zip(_names(estimate), uses, strict=True)),
        rate=clock.supply.rate,
        latency=clock.supply.latency,
        queue=queue.name,
        source=queue.source.instance,
        sink=queue.sink.instance,
        bits=estimate.design.board.beat_bits,
    )
    length = range(begin + 1, begin + tokens + 1)
    last = f"{length[0]}..{length[-1]}" if len(length) > 2 else str(tuple(length))
    return replace(program, name="two steps", symbol_values=f"tokens {tokens}, length {last}")


def program_of_uses(
    uses: Mapping[str, Use],
    *,
    queue: str,
    source: str,
    sink: str,
    rate: float,
    latency: float,
    bits: int,
) -> FifoProgram:
    """Requests and uses as events: the first and the last beat of each product's parameters.

    uses: by a name of the product, in the order of use; rate: beats of memory a cycle; latency:
    cycles from a request to its beat; queue: name of the stream, from part source to part sink;
    bits: of a beat

    A beat has its slot from when it is asked for.
    """
    rules: list[Rule] = []
    beats: list[int] = []
    written: list[Event] = []
    read: list[Event] = []
    count, order = 0, list(uses.values())
    # What is routed next, was routed before it: a product's last beats may wait in front of it.
    lasts = [min(use.end, then.begin) for use, then in pairwise(order)] + [order[-1].end]
    for (name, use), end in zip(uses.items(), lasts, strict=True):
        asked, used = ends(name, Side.STREAM), ends(name, Side.INPUT)
        rules += _request(asked, use, written[-1:], rate)
        for ask, take, cycle in zip(asked, used, (use.begin, end), strict=True):
            rules.append(Rule(((take, 1.0),), cycle, "it is wanted no sooner"))
            rules.append(Rule(((take, 1.0), (ask, -1.0)), latency, "latency of memory"))
        pace = min(use.pace, end - use.begin)
        rules.append(Rule(((used[1], 1.0), (used[0], -1.0)), pace, "pace of the product"))
        beats += (count, count + use.beats - 1)
        written += asked
        read += used
        count += use.beats
    rules += [Rule(((b, 1.0), (a, -1.0)), 0.0, "in order") for a, b in pairwise(read)]
    stream = FifoStream(
        name=queue,
        source=source,
        sink=sink,
        count=count,
        bits=bits,
        beats=tuple(beats),
        written=tuple(written),
        read=tuple(read),
    )
    return FifoProgram(
        rules=tuple(rules),
        streams=(stream,),
        results=tuple(read),
        sides=(),
        tolerance=0.1,
    )


def _request(
    asked: tuple[Event, Event], use: Use, before: Sequence[Event], rate: float
) -> Iterator[Rule]:
    """That memory sends a beat after the other, at its rate, and others' among them."""
    first, last = asked
    yield Rule(((last, 1.0), (first, -1.0)), (use.beats - 1) / rate, "rate of memory")
    yield Rule(((first, 1.0),), use.since, "the step is known")
    for event in before:
        share = (1 + use.others) / rate
        yield Rule(((first, 1.0), (event, -1.0)), share, "memory is busy with others before")


def _names(estimate: Estimate) -> Iterator[str]:
    """The products of two steps in the order of use."""
    memory, loop = estimate.design.memory, estimate.design.graph.loops[0]
    products = {name for b in estimate.design.assignments for name in b.nodes}
    body, tail = ([s.node for s in run if s.node in products] for run in (memory.body, memory.tail))
    for step in ("the step before", "the step"):
        for layer in range(loop.trips):
            yield from (f"{node} in layer {layer} of {step}" for node in body)
        yield from (f"{node} of {step}" for node in tail)
