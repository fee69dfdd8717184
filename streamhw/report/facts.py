# SPDX-License-Identifier: Apache-2.0
"""What ``explain`` and ``report`` show of a design, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ..compiler.fifo.event import Event
from ..compiler.ir.netlist import End
from ..stream.control.scope import Scope
from ..stream.itensor.itensor import ITensor
from ..stream.spec import Port
from .idle_cycles import LayerCycles

__all__ = [
    "ActivityFacts",
    "ConverterFacts",
    "Facts",
    "FlowFacts",
    "FusionFacts",
    "PartFacts",
    "PartKind",
    "RegionFacts",
    "RunFacts",
    "StepFacts",
    "StreamFacts",
    "ValueFacts",
]


@dataclass(frozen=True, kw_only=True)
class ConverterFacts:
    """A layout converter's buffer.

    kind: how it is built; block: elements of a block along each dimension; shared: loops that both
    types begin with; reuse: reads of a block; bits: of its memory; pingpong_bits: of two blocks;
    bound_bits: of the most elements that any converter of this pair must hold at once
    pages_bits: of a converter with pages, if there is one; cycle: who could wait for whom for ever
    if this one held as little
    """

    kind: str
    block: tuple[int, ...]
    shared: tuple[str, ...]
    reuse: int
    follow: bool
    bits: int
    pingpong_bits: int
    bound_bits: int | None = None
    pages_bits: int | None = None
    cycle: tuple[str, ...] = ()


class PartKind(Enum):
    """What a part is to a reader of reports."""

    KERNEL = "kernel"
    ENGINE = "shared engine"
    MEMORY = "kernel that asks memory"
    CONVERTER = "layout converter"
    FORK = "fork"
    REGISTER_SLICE = "register slice"
    INFRASTRUCTURE = "infrastructure"


PASSING = frozenset({PartKind.CONVERTER, PartKind.FORK, PartKind.REGISTER_SLICE})
"""What changes no element."""


@dataclass(frozen=True, kw_only=True)
class PartFacts:
    """A part of the design; ``label``: what it calls itself."""

    name: str
    kind: PartKind
    label: str
    scope: Scope
    converter: ConverterFacts | None = None
    die: str | None = None

    @property
    def passes(self) -> bool:
        """Whether a value goes through it, so that an edge goes on behind it."""
        return self.kind in PASSING


@dataclass(frozen=True, kw_only=True)
class StreamFacts:
    """One stream with its queue.

    source_port, sink_port: as the parts at its ends declare them
    most: beats that the target allows for the queue, if it bounds them
    memory: what the queue is made of; dies: from and to, if it crosses
    proof: why its queue is part of no deadlock; cycle: who could wait for whom in one, if only the
    schedule rules it out
    """

    name: str
    source: End
    sink: End
    source_port: Port
    sink_port: Port
    produced: ITensor
    consumed: ITensor
    scope: Scope
    value: str | None = None
    depth: int = 0
    most: int | None = None
    memory: str | None = None
    dies: tuple[str, str] | None = None
    proof: str | None = None
    cycle: tuple[str, ...] = ()

    @property
    def bits(self) -> int:
        """Payload bits of a beat."""
        return self.consumed.beat_bits


@dataclass(frozen=True, kw_only=True)
class StepFacts:
    """An event of the schedule: its cycle, and the rule without slack that ties it to the event
    before it in a path; no event stands for the begin of the invocation."""

    event: Event | None
    cycle: float
    why: str


@dataclass(frozen=True, kw_only=True)
class FlowFacts:
    """A stream in the schedule that proves its depth.

    invocation, symbol_values: whose schedule, and the values of the symbols that need most room
    written, read: cycles of the first and the last beat; peak: beats that wait at once; depth: of
    the FIFO, by the program
    beat: the first, or in the queue of parameters that which waits longest; delay: cycles that it
    waits longer than it must; path: events tied by rules without slack, from its write to its read
    """

    stream: str
    invocation: str
    symbol_values: str
    source: str
    sink: str
    beats: int
    written: tuple[float, float]
    read: tuple[float, float]
    beat: int
    delay: float
    peak: int
    depth: int
    path: tuple[StepFacts, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ActivityFacts:
    """When a task works in a step that makes one token: cycles from the step's begin.

    scope, layer: when; the layer's number, ``None`` outside layers
    resource: the part that does it
    """

    scope: Scope
    layer: int | None
    task: str
    resource: str
    input: tuple[float, float]
    output: tuple[float, float]

    @property
    def invocation(self) -> str:
        """``entry``, ``layer 0``, ..., ``tail``."""
        return self.scope.value if self.layer is None else f"layer {self.layer}"


@dataclass(frozen=True, kw_only=True)
class RegionFacts:
    """A range of external memory."""

    name: str
    offset: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """The parameters of one node in order of use: bytes in each layer, or of the tail."""

    node: str
    invocation: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class ValueFacts:
    """Bits of one value of a layer: as a whole tensor, and what of it is on chip where it flows."""

    value: str
    original: int
    converters: int
    fifos: int
    spilled: int

    @property
    def on_chip(self) -> int:
        return self.converters + self.fifos + self.spilled


@dataclass(frozen=True, kw_only=True)
class FusionFacts:
    """Groups of kernels, and the memory between them.

    tokens: of the sequence whose whole tensors are compared with; limit: bits that there are
    cuts: streams through external memory; bytes: that they move in a layer
    """

    tokens: int
    values: tuple[ValueFacts, ...]
    groups: tuple[tuple[str, ...], ...]
    cuts: tuple[str, ...]
    bytes: int
    limit: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is shown of a design.

    bounds: the largest values of the symbols; position: of the token whose step ``activities`` are
    ports: memory ports with beats a cycle and latency; clients: of each, whose DMAs are there
    layer: cycles of the mean layer of that step
    windows: positions that attention sees in each layer, if that is not always the whole context
    """

    model: str
    weights: str
    board: str
    board_title: str
    clock_mhz: float
    layers: int
    choices: Mapping[str, str]
    tiling: Mapping[str, str]
    engines: Mapping[str, tuple[str, ...]]
    bounds: Mapping[str, int]
    parts: tuple[PartFacts, ...]
    streams: tuple[StreamFacts, ...]
    flows: tuple[FlowFacts, ...]
    fusion: FusionFacts
    position: int
    activities: tuple[ActivityFacts, ...]
    regions: tuple[RegionFacts, ...]
    parameters: tuple[RunFacts, ...]
    memory_bytes: int
    ports: Mapping[str, tuple[int, float, int]]
    clients: Mapping[str, tuple[str, ...]]
    layer: LayerCycles
    windows: tuple[int, ...] = ()

    def part(self, name: str) -> PartFacts | None:
        """The part of that name, if there is one."""
        return next((part for part in self.parts if part.name == name), None)
