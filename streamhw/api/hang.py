# SPDX-License-Identifier: Apache-2.0
"""Why a design hangs: who waits for whom, and the depth that was changed by hand or the kernel that
gave too few beats, if there is one."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NoReturn

import networkx as nx

from ..compiler.ir.levels import PlacedNetlist
from ..compiler.ir.netlist import Channel
from ..compiler.sizing.prefetch_depth import queue_beats
from ..errors import InternalError, UserError
from ..report.tight_constraints import flows
from ..sim.answer_steps import AnswerSteps
from ..sim.hang import HangError, StuckStream
from ..sim.short_output import ShortOutput, short_output

__all__ = ["explain", "reduced_depths"]

MOST_WAITS = 8
"""Lines of waits that are shown."""


def explain(design: PlacedNetlist, hang: HangError, steps: AnswerSteps) -> NoReturn:
    """Raises the error that a user sees.

    steps: of the answer, which say how many beats must pass

    ``UserError`` if a FIFO is less deep than the linear program wants, as somebody decided: the
    first such FIFO in which somebody waits for room, else the first. Else ``InternalError``.
    """
    hint = None if hang.streams else "run again with --check: it names who waits for whom"
    reduced = reduced_depths(design)
    full = (n for n in reduced if n in hang.streams and not hang.streams[n].room)
    name = next(full, next(iter(reduced), None))
    shown = list(_shown(design, hang.streams, name))
    short = short_output(design, hang.streams, steps) if name is None else None
    if short is not None:
        shown = list(_behind(design, short, shown))
    waits = "".join(f"\n  {line}" for line in shown[:MOST_WAITS])
    if short is not None:
        raise InternalError(f"Design hangs: kernel {short}{waits}") from hang
    if name is None:
        raise InternalError(f"{hang}{waits}", hint=hint) from hang
    depth, wanted = reduced[name]
    raise UserError(
        f"FIFO {name} must have {wanted:,} beats as the program wants, not {depth:,} by decision: "
        f"the design waits for ever{waits}",
        hint=hint or f"set size.{name} in decisions.json to {wanted} and build --from place",
    ) from hang


def reduced_depths(design: PlacedNetlist) -> dict[str, tuple[int, int]]:
    """FIFOs that are less deep than the linear program wants, with both depths in beats."""
    channels = {channel.name: channel for channel in design.channels}
    found: dict[str, tuple[int, int]] = {}
    for flow in flows(design.depths.certificates):
        depth = queue_beats(design, channels[flow.stream])
        wanted = max(flow.depth, found.get(flow.stream, (0, 0))[1])
        if depth < wanted:
            found[flow.stream] = depth, wanted
    return found


def _shown(
    design: PlacedNetlist, streams: Mapping[str, StuckStream], reduced: str | None
) -> Iterator[str]:
    """A cycle of waits between streams of values, a line each: through the reduced FIFO, or the
    shortest. If there is none, those that wait for data though something else is there for them.
    """
    graph = nx.DiGraph()
    full, starved = [], []
    for channel in design.channels:
        stuck = streams.get(channel.name)
        if stuck is None or channel.value is None:
            continue
        source, sink = channel.source.instance, channel.sink.instance
        if stuck.offered and not stuck.room:
            graph.add_edge(source, sink, says=_for_room(channel, design, stuck))
            full.append(channel)
        elif stuck.ready and not stuck.valid:
            starved.append(channel)
            if not graph.has_edge(sink, source):
                graph.add_edge(sink, source, says=_for_data(channel))
    cycles = []
    for channel in full:
        source, sink = channel.source.instance, channel.sink.instance
        if nx.has_path(graph, sink, source):
            way = [source, *nx.shortest_path(graph, sink, source)]
            cycles.append((channel.name != reduced, len(way), way))
    if cycles:
        lines = [graph.edges[ends]["says"] for ends in pairwise(min(cycles)[-1])]
    else:
        held = {c.sink.instance for c in design.channels if _held(streams.get(c.name))}
        lines = [_for_data(channel) for channel in starved if channel.sink.instance in held]
    yield from lines


def _behind(design: PlacedNetlist, short: ShortOutput, lines: list[str]) -> Iterator[str]:
    """Who waits for the beats of the kernel, and then the other waits."""
    (first,) = (_for_data(c) for c in design.channels if c.name == short.stream)
    yield first
    yield from (line for line in lines if line != first)


def _held(stuck: StuckStream | None) -> bool:
    return stuck is not None and stuck.valid and not stuck.ready


def _for_data(channel: Channel) -> str:
    return f"{channel.sink.instance} waits for data of {channel.name}"


def _for_room(channel: Channel, design: PlacedNetlist, stuck: StuckStream) -> str:
    depth = design.queues[channel.name]
    beats = f" ({stuck.level:,} of {depth:,} beats)" if depth else ""
    return f"{channel.source.instance} waits for room in {channel.name}{beats}"
