# SPDX-License-Identifier: Apache-2.0
"""A stream through external memory: what takes the place of its converter and its FIFO."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...stream.control.scope import Scope
from ...stream.converter.spec import ConverterSpec
from ...stream.itensor.itensor import ITensor
from ...stream.itensor.memory_order import Spill, spill
from ...stream.spec import KernelSpec, Role, raw
from ..ir.levels import Dataflow
from ..ir.netlist import Channel, End, Instance
from ..layers.spill import spilled
from ..lowering.insert_converters import layout_converter
from .paths import StreamPath

__all__ = ["Cut", "cut_of", "with_cuts"]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How a stream goes through memory.

    write, read: the kernels; convert: what adds re-reads of a small block behind the read, if the
    sink wants any; layout: of the stream in memory; width: bits of a memory beat
    """

    write: KernelSpec
    read: KernelSpec
    convert: ConverterSpec | None
    layout: Spill
    width: int

    @property
    def bytes(self) -> int:
        """Bytes to and from memory for one invocation, symbols at their bounds: whole beats."""
        return sum(_traffic(kernel) for kernel in (self.write, self.read)) * self.width // 8


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
    write, read = spilled(source, layout.target, width)
    wanted = order if sink is None else sink
    if layout.target.is_same_stream(wanted):
        return Cut(write=write, read=read, convert=None, layout=layout, width=width)
    try:
        convert = layout_converter(layout.target, wanted)
    except ValueError:
        return None
    return Cut(write=write, read=read, convert=convert, layout=layout, width=width)


def _traffic(kernel: KernelSpec) -> int:
    traffic = kernel.behaviour().memory.traffic
    return 0 if traffic is None else int(traffic({}))


def with_cuts(design: Dataflow, cuts: Sequence[tuple[StreamPath, Cut]]) -> Dataflow:
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
    region, target = f"{path.name}_spill", how.layout.target
    write = Instance(f"{path.name}_write", how.write, Scope.BODY, region)
    read = Instance(f"{path.name}_read", how.read, Scope.BODY, region)
    parts = [write, read]
    given = read.end(Role.DATA)
    source, sink = path.channels[0].source, path.channels[-1].sink

    def stream(begin: End, end: End, type: ITensor, value: str | None) -> Channel:
        return Channel(
            source=begin, sink=end, produced=type, consumed=type, scope=Scope.BODY, value=value
        )

    written = f"{path.value}.{path.name}_written"
    streams = [
        stream(source, write.end(Role.DATA), path.produced, path.value),
        stream(write.end(Role.WRITTEN), read.end(Role.WRITTEN), raw(1), written),
        stream(read.end(Role.FREE), write.end(Role.FREE), raw(1), None),
    ]
    if how.convert is None:
        last = stream(given, sink, target, path.value)
        return parts, [*streams, replace(last, consumed=path.consumed)]
    name = f"{path.name}_convert"
    parts.append(Instance(name, how.convert, Scope.BODY))
    streams += [
        stream(given, End(name, "i"), target, path.value),
        stream(End(name, "o"), sink, path.consumed, path.value),
    ]
    return parts, streams
