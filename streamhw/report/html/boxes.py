# SPDX-License-Identifier: Apache-2.0
"""Boxes of the dataflow graph: each is a part, or one product of a shared engine."""

from dataclasses import dataclass

from ...stream.itensor.itensor import ITensor
from ...stream.spec import Role
from ..edges import DataflowEdge
from ..facts import Facts, PartFacts, PartKind, StreamFacts

__all__ = ["Box", "boxes_of", "ends", "is_back", "short_type"]


@dataclass(frozen=True)
class Box:
    """A kernel (or one matrix product of a shared engine), converter, fork or register slice.

    name: as the page names it; part: that it stands for; cls: of its look; what: a few words on it
    """

    name: str
    part: PartFacts
    cls: str
    what: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Text in it: its name, and what it is; a part that only passes values says what it is."""
        if self.part.converter is not None:
            return self.what, f"{self.part.converter.bits:,} bits"
        return (self.what,) if self.part.passes else (self.name, self.what)


def boxes_of(facts: Facts) -> dict[str, Box]:
    """All boxes by name, in the order of the streams that carry values."""
    parts = {part.name: part for part in facts.parts}
    found: dict[str, Box] = {}
    for stream in facts.streams:
        if stream.value is not None:
            instances = (stream.source.instance, stream.sink.instance)
            for name, instance in zip(ends(stream), instances, strict=True):
                found.setdefault(name, _box(name, parts[instance]))
    return found


def ends(way: StreamFacts | DataflowEdge) -> tuple[str, str]:
    """Names of the boxes; an engine has one for each product, the sequencer one for each side."""
    first, last = (way, way) if isinstance(way, StreamFacts) else (way.streams[0], way.streams[-1])
    one = first.source_port.context or first.source.instance
    other = last.sink_port.context or last.sink.instance
    return one, f"{other} (next step)" if last.sink_port.role is Role.NEXT_TOKEN else other


def is_back(way: StreamFacts | DataflowEdge) -> bool:
    """Whether it goes back to the begin of the layers."""
    first = way if isinstance(way, StreamFacts) else way.streams[0]
    return first.source_port.role is Role.LOOP_BACK


def short_type(kind: ITensor) -> str:
    """A beat of a stream: the tile and the format of its elements."""
    tile = "\N{MULTIPLICATION SIGN}".join(map(str, kind.tile))
    return f"{tile} of {kind.fmt}"


def _box(name: str, part: PartFacts) -> Box:
    return Box(name, part, *_look(name, part))


def _look(name: str, part: PartFacts) -> tuple[str, str]:
    if part.converter is not None:
        block = "\N{MULTIPLICATION SIGN}".join(map(str, part.converter.block))
        return "converter", f"convert {block}"
    if part.kind is PartKind.ENGINE:
        return "product", f"on {part.name}"
    if part.kind is PartKind.KERNEL:
        return "kernel", part.label
    return ("fork" if part.passes else "outside"), part.label
