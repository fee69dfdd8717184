# SPDX-License-Identifier: Apache-2.0
"""Streams between kernels as fusion sees them: through forks and converters, from task to task."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ...stream.control.scope import Scope
from ...stream.converter.spec import ConverterSpec
from ...stream.itensor.itensor import ITensor
from ...stream.spec import Port, Role
from ..ir.infrastructure import ForkSpec
from ..ir.levels import Dataflow
from ..ir.netlist import Channel, End, Instance

__all__ = ["FusionTask", "Paths", "StreamPath"]


@dataclass(frozen=True)
class FusionTask:
    """What a kernel does with one tensor: of an engine that several products share, one product."""

    name: str
    instance: str


@dataclass(frozen=True, kw_only=True)
class StreamPath:
    """A value's way from one task to another inside the layers.

    role: of the port where it ends
    channels: the streams of this way alone, first to last; converter: between them, if any
    produced: the type in which the first of them begins; consumed: in which the last ends
    """

    value: str
    source: FusionTask
    sink: FusionTask
    role: Role
    channels: tuple[Channel, ...]
    converter: Instance | None

    @property
    def name(self) -> str:
        """The name of the stream into the sink."""
        return self.channels[-1].name

    @property
    def through_memory(self) -> bool:
        """Whether both ends are at memory: what one writes, the other reads, and this says when."""
        return self.role is Role.WRITTEN

    @property
    def produced(self) -> ITensor:
        return self.channels[0].produced

    @property
    def consumed(self) -> ITensor:
        return self.channels[-1].consumed


class Paths:
    """All ways of values inside the layers of a design that is converted."""

    def __init__(self, design: Dataflow):
        self._instances = {i.name: i for i in design.instances}
        self._into = {c.sink: c for c in design.channels}
        self._readers: dict[str, list[Channel]] = {}
        for channel in design.channels:
            self._readers.setdefault(channel.source.instance, []).append(channel)
        self._channels = design.channels

    @cached_property
    def all(self) -> tuple[StreamPath, ...]:
        """The ways, in the order of the streams into their sinks."""
        return tuple(self._found())

    @cached_property
    def tasks(self) -> tuple[FusionTask, ...]:
        """Tasks at their ends, each once, in order of first appearance."""
        return tuple(dict.fromkeys(t for path in self.all for t in (path.source, path.sink)))

    @property
    def converters(self) -> Mapping[str, str]:
        """The way that each converter is on."""
        return {p.converter.name: p.name for p in self.all if p.converter is not None}

    def _found(self) -> Iterator[StreamPath]:
        for last in self._channels:
            inside = last.scope is Scope.BODY and last.value is not None
            if not inside or self._passes(last.sink):
                continue
            role = self._port(last.sink).role
            if role in (Role.LOOP_ENTRY, Role.LOOP_BACK):
                continue
            channels, converter = [last], None
            before = self._instances.get(last.source.instance)
            if before is not None and self._own(before):
                converter = before
                channels.insert(0, self._into[End(before.name, "i")])
            assert last.value is not None
            yield StreamPath(
                value=last.value,
                source=self._task(self._origin(channels[0].source)),
                sink=self._task(last.sink),
                role=role,
                channels=tuple(channels),
                converter=converter,
            )

    def _own(self, instance: Instance) -> bool:
        """Whether it is a converter for one reader; one that several share is a task."""
        if not isinstance(instance.part, ConverterSpec):
            return False
        (reader,) = self._readers[instance.name]
        return not self._is_fork(reader.sink.instance)

    def _passes(self, end: End) -> bool:
        """Whether a stream goes on behind this end as the same value."""
        instance = self._instances[end.instance]
        return self._is_fork(end.instance) or self._own(instance)

    def _is_fork(self, name: str) -> bool:
        instance = self._instances.get(name)
        return instance is not None and isinstance(instance.part, ForkSpec)

    def _origin(self, source: End) -> End:
        while self._is_fork(source.instance):
            source = self._into[End(source.instance, "i")].source
        return source

    def _task(self, end: End) -> FusionTask:
        return FusionTask(self._port(end).context or end.instance, end.instance)

    def _port(self, end: End) -> Port:
        return self._instances[end.instance].port(end.port)
