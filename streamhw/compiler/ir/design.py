# SPDX-License-Identifier: Apache-2.0
"""What the stages pass on: a frozen design of parts and the typed streams between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeVar

from amaranth.lib import wiring

from ...boards.base import Board
from ...errors import InternalError
from ...frontend.model import Model
from ...graph import Graph
from ...quantization.quantized_model import QuantizedModel
from ...stream.behaviour import Behaviour
from ...stream.control.scope import Scope
from ...stream.itensor.itensor import ITensor
from ...stream.spec import Direction, Port, Resources, Role
from ..config import BuildConfig
from ..fifo import Depths
from ..floorplan.placement import Placement
from ..mapping.engine_sharing import EngineAssignment
from ..mapping.tiling import Tiling
from ..memory.layout import MemoryPlan

if TYPE_CHECKING:
    from ..floorplan.die_partition import Slices
    from ..fusion.stage import Fused

T = TypeVar("T")

__all__ = ["PARAMETERS", "Channel", "Design", "End", "Instance", "Known", "Part"]

PARAMETERS = "parameters"
"""The name that stands for external memory as a source of static parameters until the memory
stage puts a reader there."""


class Part(Protocol):
    """What an instance is made of: a kernel's spec, or a piece of plumbing with ports."""

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
        to beats for the stream of these, a distributor for what feeds it
    """

    name: str
    part: Part
    scope: Scope
    region: str | None = None
    serves: str | None = None

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
    depth: beats of its FIFO; 0 until it is sized
    value: the graph's or a kernel's inner value that it carries; None for commands, memory beats
        and control
    """

    source: End
    sink: End
    produced: ITensor
    consumed: ITensor
    scope: Scope
    value: str | None = None
    depth: int = 0

    @property
    def name(self) -> str:
        """The stream's name in the Verilog and in reports: an input has exactly one stream."""
        return f"{self.sink.instance}_{self.sink.port}"

    def __str__(self) -> str:
        return f"{self.source} -> {self.sink}"


@dataclass(frozen=True, kw_only=True)
class Design:
    """Everything known about an accelerator at a stage boundary; later fields come later."""

    config: BuildConfig
    board: Board
    model: Model
    quantized: QuantizedModel | None = None
    tiling: Tiling | None = None
    assignments: tuple[EngineAssignment, ...] = ()
    instances: tuple[Instance, ...] = ()
    channels: tuple[Channel, ...] = ()
    fused: "Fused | None" = None
    memory: MemoryPlan | None = None
    slices: "Slices | None" = None
    depths: Depths | None = None
    placement: Placement | None = None

    @property
    def known(self) -> "Known":
        """What earlier stages decided, as later stages may rely on it."""
        return Known(self)

    @property
    def graph(self) -> Graph:
        return self.model.graph

    def instance(self, name: str) -> Instance:
        """The instance of that name; raises ``KeyError`` if there is none."""
        for instance in self.instances:
            if instance.name == name:
                return instance
        raise KeyError(f"Design has no instance {name!r}")

    def into(self, instance: str) -> Iterator[Channel]:
        """The streams that end at an instance."""
        return (c for c in self.channels if c.sink.instance == instance)

    def out_of(self, instance: str) -> Iterator[Channel]:
        """The streams that begin at an instance."""
        return (c for c in self.channels if c.source.instance == instance)


class Known:
    """The optional fields of a design, for readers that come after the stage that fills them."""

    def __init__(self, design: Design):
        self._design = design

    @property
    def quantized(self) -> QuantizedModel:
        return _filled(self._design.quantized, "quantize")

    @property
    def tiling(self) -> Tiling:
        return _filled(self._design.tiling, "tile")

    @property
    def fused(self) -> "Fused":
        return _filled(self._design.fused, "fuse")

    @property
    def memory(self) -> MemoryPlan:
        return _filled(self._design.memory, "memory")

    @property
    def slices(self) -> "Slices":
        return _filled(self._design.slices, "partition")

    @property
    def depths(self) -> Depths:
        return _filled(self._design.depths, "size")

    @property
    def placement(self) -> Placement:
        return _filled(self._design.placement, "place")


def _filled(value: T | None, stage: str) -> T:
    if value is None:
        raise InternalError(f"Stage {stage} must run before its result is read")
    return value
