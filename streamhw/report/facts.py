# SPDX-License-Identifier: Apache-2.0
"""What a build remembers of its design: all that ``explain`` and ``report`` show, as plain data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..compiler.backend.build_dir import DESIGN_FILE
from ..compiler.ir.json_codec import decode, encode
from ..compiler.ir.netlist import End
from ..errors import UserError
from ..stream.itensor.itensor import ITensor

__all__ = [
    "ActivityFacts",
    "ConverterFacts",
    "Facts",
    "FlowFacts",
    "FusionFacts",
    "PartFacts",
    "RegionFacts",
    "RunFacts",
    "StepFacts",
    "StreamFacts",
    "ValueFacts",
]

VERSION = 2


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


@dataclass(frozen=True, kw_only=True)
class PartFacts:
    """A part of the design; ``passes`` says that beats go through it unchanged (forks, converters,
    register slices), so that an edge goes on behind it."""

    name: str
    kind: str
    scope: str
    passes: bool = False
    converter: ConverterFacts | None = None
    die: str | None = None


@dataclass(frozen=True, kw_only=True)
class StreamFacts:
    """One stream with its queue.

    memory: what the queue is made of; dies: from and to, if it crosses
    proof: why its queue is part of no deadlock; cycle: who could wait for whom in one, if only the
    schedule rules it out
    """

    name: str
    source: End
    sink: End
    produced: ITensor
    consumed: ITensor
    scope: str
    value: str | None = None
    depth: int = 0
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
    before it in a path."""

    event: str
    cycle: float
    why: str


@dataclass(frozen=True, kw_only=True)
class FlowFacts:
    """A stream in the schedule that proves its depth.

    activation, symbol_values: whose schedule, and the values of the symbols that need most room
    written, read: cycles of the first and the last beat; peak: beats that wait at once; depth: of
    the FIFO, by the program
    beat: the first, or in the queue of parameters that which waits longest; delay: cycles that it
    waits longer than it must; path: events tied by rules without slack, from its write to its read
    """

    stream: str
    activation: str
    symbol_values: str
    source: str
    sink: str
    tokens: int
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

    activation: ``entry``, ``layer 0``, ..., ``tail``; resource: the part that does it
    """

    activation: str
    task: str
    resource: str
    input: tuple[float, float]
    output: tuple[float, float]


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
    activation: str
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
    """What ``design.json`` holds.

    bounds: the largest values of the symbols; position: of the token whose step ``activities`` are
    ports: memory ports with beats a cycle and latency; clients: the port of each DMA
    """

    version: int
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
    clients: Mapping[str, str]

    def part(self, name: str) -> PartFacts | None:
        """The part of that name, if there is one."""
        return next((part for part in self.parts if part.name == name), None)

    def to_json(self) -> str:
        """The text of ``design.json``: one fact a line, equal for equal designs."""
        return json.dumps(encode(self), indent=1) + "\n"

    @classmethod
    def load(cls, folder: Path) -> "Facts":
        """The facts of the build in a folder; raises ``UserError`` if it is none."""
        file = folder / DESIGN_FILE
        try:
            data = json.loads(file.read_text())
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else str(error)
            raise UserError(
                f"BUILD must be a folder that `build` wrote, not {folder} ({file.name}: {said})",
                hint="`python -m streamhw build MODEL -o BUILD` writes one",
            ) from None
        version = data.get("version") if isinstance(data, dict) else None
        if version != VERSION:
            raise UserError(
                f"Build {folder} must be of version {VERSION}, not {version}",
                hint="build it again with this version of streamhw",
            )
        try:
            return decode(cls, data)
        except ValueError as error:
            raise UserError(
                f"Build {folder} must be whole, but {file.name} is damaged: {error}",
                hint="build it again",
            ) from None
