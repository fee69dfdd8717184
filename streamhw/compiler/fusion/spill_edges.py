# SPDX-License-Identifier: Apache-2.0
"""A stream through external memory: what takes the place of its converter and its FIFO."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...kernels.memory.spill import SpillReadSpec, SpillWriteSpec
from ...stream.converter.spec import ConverterSpec
from ...stream.itensor.itensor import ITensor
from ...stream.itensor.memory_order import Spill, spill
from ...stream.spec import raw
from ..ir.design import Channel, Design, End, Instance, Scope
from ..lowering.insert_converters import layout_converter
from .paths import StreamPath

__all__ = ["Cut", "cut_of", "with_cuts"]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How a stream goes through memory.

    write, read: the kernels; convert: what adds re-reads of a small block behind the read, if the
    sink wants any
    """

    write: SpillWriteSpec
    read: SpillReadSpec
    convert: ConverterSpec | None

    @property
    def layout(self) -> Spill:
        return self.write.layout

    @property
    def bytes(self) -> int:
        """Bytes to and from memory for one activation, symbols at their bounds: whole beats."""
        return (self.write.traffic({}) + self.read.traffic({})) * self.write.width // 8


def cut_of(path: StreamPath, width: int) -> Cut | None:
    """How a stream goes through memory of beats of ``width`` bits; None if it cannot, or if it
    only says when memory holds what one end wrote and the other reads.

    Chooses  the order of the sink, so that no converter is needed, or all of it but re-reads of
             small blocks; if there is no such layout, the order in which the source writes
    """
    if path.through_memory:
        return None
    return _cut(path.produced, path.consumed, width) or (
        _cut(path.produced, path.produced, width, path.consumed)
    )


def _cut(source: ITensor, order: ITensor, width: int, sink: ITensor | None = None) -> Cut | None:
    layout = spill(source, order, width)
    if layout is None:
        return None
    write = SpillWriteSpec(source=source, target=layout.target, width=width)
    read = SpillReadSpec(source=source, target=layout.target, width=width)
    wanted = order if sink is None else sink
    if layout.target.is_same_stream(wanted):
        return Cut(write=write, read=read, convert=None)
    try:
        convert = layout_converter(layout.target, wanted)
    except ValueError:
        return None
    return Cut(write=write, read=read, convert=convert)


def with_cuts(design: Design, cuts: Sequence[tuple[StreamPath, Cut]]) -> Design:
    """A design in which streams go through memory.

    Assumes  the design is converted, and has no memory access yet
    Ensures  both ends of every stream have one type; control ports are left open
    """
    if not cuts:
        return design
    gone = {path.converter.name for path, _ in cuts if path.converter is not None}
    cut = {channel.name for path, _ in cuts for channel in path.channels}
    instances = [i for i in design.instances if i.name not in gone]
    channels = [c for c in design.channels if c.name not in cut]
    for path, how in cuts:
        parts, streams = _pair(path, how)
        instances += parts
        channels += streams
    return replace(design, instances=tuple(instances), channels=tuple(channels))


def _pair(path: StreamPath, how: Cut) -> tuple[list[Instance], list[Channel]]:
    """Kernels and streams of a cut."""
    region = f"{path.name}_spill"
    write, read = f"{path.name}_write", f"{path.name}_read"
    parts = [
        Instance(write, how.write, Scope.BODY, region),
        Instance(read, how.read, Scope.BODY, region),
    ]
    source, sink = path.channels[0].source, path.channels[-1].sink

    def stream(begin: End, end: End, type: ITensor, value: str | None) -> Channel:
        return Channel(
            source=begin, sink=end, produced=type, consumed=type, scope=Scope.BODY, value=value
        )

    written = f"{path.value}.{path.name}_written"
    streams = [
        stream(source, End(write, "i"), path.produced, path.value),
        stream(End(write, "o_written"), End(read, "i_written"), raw(1), written),
        stream(End(read, "o_free"), End(write, "i_free"), raw(1), None),
    ]
    if how.convert is None:
        last = stream(End(read, "o"), sink, how.read.target, path.value)
        return parts, [*streams, replace(last, consumed=path.consumed)]
    name = f"{path.name}_convert"
    parts.append(Instance(name, how.convert, Scope.BODY))
    streams += [
        stream(End(read, "o"), End(name, "i"), how.read.target, path.value),
        stream(End(name, "o"), sink, path.consumed, path.value),
    ]
    return parts, streams
