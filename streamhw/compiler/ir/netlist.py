# SPDX-License-Identifier: Apache-2.0
"""The elements of a netlist: parts at their places, and the typed streams between their ports."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from amaranth.lib import wiring

from ...stream.behaviour import Behaviour
from ...stream.control.scope import Scope
from ...stream.itensor.itensor import ITensor
from ...stream.spec import Direction, Port, Resources, Role

__all__ = ["PARAMETERS", "Channel", "End", "Instance", "Part"]

PARAMETERS = "parameters"
"""The name that stands for external memory as a source of static parameters until the memory
stage puts a reader there."""


class Part(Protocol):
    """What an instance is made of: a kernel's spec, or infrastructure with ports."""

    @property
    def label(self) -> str: ...

    @property
    def ports(self) -> tuple[Port, ...]: ...

    def behaviour(self) -> Behaviour: ...

    def resources(self) -> Resources: ...

    def create(self) -> wiring.Component: ...


@dataclass(frozen=True)
class Instance:
    """A part at its place; the name is the submodule's and begins with the graph node's.

    region: the memory region that it reads or writes, whose offset its part must know
    serves: what infrastructure is there for: a DMA for the part that asks it, what cuts parameters
        to beats for the stream of these, a demux for what feeds it
    node: the graph node that it was placed for; of a shared engine, the first one
    """

    name: str
    part: Part
    scope: Scope
    region: str | None = None
    serves: str | None = None
    node: str | None = None

    @cached_property
    def _ports(self) -> dict[str, Port]:
        return {port.name: port for port in self.part.ports}

    def port(self, name: str) -> Port:
        """The port of that name; raises ``KeyError`` if there is none."""
        if name not in self._ports:
            raise KeyError(f"Instance {self.name} has ports {list(self._ports)}, not {name!r}")
        return self._ports[name]

    def end(self, role: Role) -> "End":
        """The only port of that role."""
        (port,) = (port for port in self._ports.values() if port.role is role)
        return End(self.name, port.name)

    def has(self, role: Role, direction: Direction | None = None) -> bool:
        """Whether a port has that role, and that direction if one is given."""
        return any(
            port.role is role and direction in (None, port.direction)
            for port in self._ports.values()
        )


@dataclass(frozen=True)
class End:
    """One port of one instance."""

    instance: str
    port: str

    def __str__(self) -> str:
        return f"{self.instance}.{self.port}"


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A stream from one port to another.

    produced, consumed: the types at its two ends; the same stream once converters are in
    value: the graph's or a kernel's inner value that it carries; None for commands, memory beats
        and control
    """

    source: End
    sink: End
    produced: ITensor
    consumed: ITensor
    scope: Scope
    value: str | None = None

    @property
    def name(self) -> str:
        """The stream's name in the Verilog and in reports: an input has exactly one stream."""
        return f"{self.sink.instance}_{self.sink.port}"

    def __str__(self) -> str:
        return f"{self.source} -> {self.sink}"
