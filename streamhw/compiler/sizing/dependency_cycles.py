# SPDX-License-Identifier: Apache-2.0
"""Dependency cycles that depths must keep open, and those that smaller converters would close."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from ...stream.converter.geometry import BufferKind
from ...stream.converter.spec import ConverterSpec
from ..fifo.deadlock import Verdict, WaitGraph, WaitReason, prove
from ..ir.levels import Netlist
from ..ir.netlist import Channel
from .wait_graph import buffer_of, waits_of

__all__ = ["closing_stream", "smaller_converters"]

FEW_BITS = 2048
"""Of a whole invocation: so small a stream holds it if that makes a proof independent of speed."""


def smaller_converters(
    design: Netlist, queues: Mapping[str, int]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Converters of whole tensors that would hold less in pages, with what could then wait for each
    other: the way from the full converter back to what fills it."""
    for instance in design.instances:
        part = instance.part
        if (
            not isinstance(part, ConverterSpec)
            or part.kind is BufferKind.MAPPED
            or part.plan.shared
        ):
            continue
        paged = replace(part, kind=BufferKind.MAPPED) if part.pages is not None else part
        if paged.bits >= part.bits:
            continue
        smaller = tuple(replace(i, part=paged) if i is instance else i for i in design.instances)
        buffer = buffer_of(instance.name)
        for verdict in prove(waits_of(replace(design, instances=smaller), queues)):
            if verdict.stream == buffer and verdict.way:
                yield instance.name, verdict.way


def closing_stream(
    channels: tuple[Channel, ...],
    queues: Mapping[str, int],
    waits: WaitGraph,
    verdicts: Iterable[Verdict],
    program: Mapping[str, int],
) -> Channel | None:
    """The stream of fewest bits that, with all its beats in a queue, opens a dependency cycle that
    a small stream, or a stream or buffer in no program, could close: that stream, or one in whose
    queue a process of the cycle waits for room."""
    by_name = {c.name: c for c in channels if c.consumed.loops}
    rooms: dict[tuple[str, str], list[str]] = {}
    for link in waits.links:
        if not link.holds:
            rooms.setdefault((link.source, link.sink), []).append(link.name)

    def bits(channel: Channel) -> int:
        return channel.consumed.beats() * channel.consumed.beat_bits

    found: dict[str, Channel] = {}
    for verdict in verdicts:
        if verdict.why is not WaitReason.SCHEDULE:
            continue
        closing = by_name.get(verdict.stream)
        if verdict.stream in program and (closing is None or bits(closing) > FEW_BITS):
            continue
        ring = [name for pair in pairwise(verdict.way) for name in rooms.get(pair, ())]
        for name in (verdict.stream, *ring):
            channel = by_name.get(name)
            if channel is not None and queues[name] < channel.consumed.beats():
                found[name] = channel
    return min(found.values(), key=bits, default=None)
