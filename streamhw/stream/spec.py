# SPDX-License-Identifier: Apache-2.0
"""The contract of a kernel: one frozen spec validates, computes, states cost, makes hardware."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Self

import numpy as np
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from ..numerics.fixed import Fixed
from .behaviour import Behaviour
from .itensor.itensor import ITensor, Symbol, SymbolValues
from .signature import stream_of
from .timing import Timing

__all__ = [
    "Direction",
    "KernelGeometry",
    "KernelSpec",
    "Memory",
    "Piece",
    "Port",
    "Resources",
    "Role",
    "Tensors",
    "Timing",
    "raw",
]

Tensors = Mapping[str, NDArray[np.int64]]
"""Integer tensors by port name."""


class Direction(Enum):
    """Which way beats pass, seen from the kernel."""

    INPUT = "input"
    OUTPUT = "output"


class Role(Enum):
    """What passes a port; names of ports mean nothing to the compiler.

    DATA: values of the graph, or of a kernel on its way to one
    PARAMETER: static parameters, in the order of their use
    SYMBOL: trip counts of a symbol: its value once an invocation or, if it is ragged, once a row
    STEP: the step that comes; SCHEDULE: the context of a shared engine that comes
    MEM_COMMAND: what memory is asked for; MEM_READ: what it sends; MEM_WRITE: what it gets;
    MEM_DONE: that it has that
    WRITTEN: that memory holds what one part wrote and another reads; FREE: that it has been read
    LOOP_ENTRY: what enters the loop over layers; LOOP_BACK: what a layer hands to the next one;
    LOOP_EXIT: what leaves the loop
    TOKEN: what the sequencer sends of each token; NEXT_TOKEN: the token that it takes
    PROGRAM: which run of parameters comes next
    """

    DATA = "data"
    PARAMETER = "parameter"
    SYMBOL = "symbol"
    STEP = "step"
    SCHEDULE = "schedule"
    MEM_COMMAND = "memory command"
    MEM_READ = "memory read"
    MEM_WRITE = "memory write"
    MEM_DONE = "memory done"
    WRITTEN = "written"
    FREE = "free"
    LOOP_ENTRY = "loop entry"
    LOOP_BACK = "loop back"
    LOOP_EXIT = "loop exit"
    TOKEN = "token"
    NEXT_TOKEN = "next token"
    PROGRAM = "program"


@dataclass(frozen=True)
class Port:
    """A stream port: its name begins with ``i`` or ``o``, which is its direction.

    symbol: whose trip counts a ``SYMBOL`` port takes
    fields: of a step, those that a ``STEP`` port takes; none: all of them
    context: of an engine that several products share, the one whose port it is
    """

    name: str
    type: ITensor
    role: Role = Role.DATA
    symbol: Symbol | None = None
    fields: tuple[str, ...] = ()
    context: str | None = None

    def __post_init__(self) -> None:
        if self.name.split("_")[0] not in ("i", "o"):
            raise ValueError(f"Port name must be i, o, i_role or o_role, not {self.name!r}")
        if (self.symbol is not None) != (self.role is Role.SYMBOL):
            raise ValueError(
                f"Port {self.name} must have a symbol if its role is symbol, and else none, not "
                f"{self.symbol} as {self.role.value}"
            )

    @property
    def direction(self) -> Direction:
        return Direction.INPUT if self.name.startswith("i") else Direction.OUTPUT


@dataclass(frozen=True)
class Memory:
    """An on-chip memory of ``depth`` words of ``width`` bits with one write port.

    readers: read ports; asynchronous: whether they have no register, which only LUTs can do
    rom: whether it has initial content and no write port
    """

    width: int
    depth: int
    readers: int = 1
    asynchronous: bool = False
    rom: bool = False

    @property
    def bits(self) -> int:
        return self.width * self.depth


@dataclass(frozen=True)
class Resources:
    """Estimated cells before the board decides how memories and multipliers map.

    luts, ffs: of logic that takes about as many in every family
    multipliers: operand widths (bits) of every hardware multiplier
    muxes: bits of multiplexers and shifters, counted as two-way ones; wide LUTs hold several
    picks: bits that multiplexers of many ways leave out of a word, as they pick a part of it
    delays: bits and cycles of shift registers, which some families have in LUTs
    dsp_luts, dsp_ffs: adders and registers behind multipliers, which some families have in these
    increments: bits of counters by one, which carry cells alone hold in some families
    """

    luts: int = 0
    ffs: int = 0
    multipliers: tuple[tuple[int, int], ...] = ()
    memories: tuple[Memory, ...] = ()
    muxes: int = 0
    picks: int = 0
    delays: tuple[tuple[int, int], ...] = ()
    dsp_luts: int = 0
    dsp_ffs: int = 0
    increments: int = 0


@dataclass(frozen=True)
class Piece:
    """A part of a kernel that may be on another die than the rest.

    bits: wires between it and the rest; alike: those that all pieces take alike, which pass once
        to each die with pieces; instances: its submodules in the kernel's hardware, by path
    """

    name: str
    resources: Resources
    bits: int
    alike: int = 0
    instances: tuple[str, ...] = ()


class KernelGeometry(ABC):
    """The sizes of a kernel and the ports that follow from them: what its hardware is built from.

    Subclasses are frozen keyword-only dataclasses. A kernel whose hardware fits one file needs
    none of its own; where the hardware has files of its own, they and the spec stand on one.
    """

    @property
    @abstractmethod
    def ports(self) -> tuple[Port, ...]:
        """All stream ports with the types at which the kernel consumes and produces."""

    def port(self, name: str) -> Port:
        """The port of that name; raises ``KeyError`` if there is none."""
        for port in self.ports:
            if port.name == name:
                return port
        raise KeyError(
            f"{type(self).__name__} has ports {[p.name for p in self.ports]}, not {name!r}"
        )

    @property
    def input_ports(self) -> tuple[Port, ...]:
        return tuple(p for p in self.ports if p.direction is Direction.INPUT)

    @property
    def output_ports(self) -> tuple[Port, ...]:
        return tuple(p for p in self.ports if p.direction is Direction.OUTPUT)

    def members(self) -> dict[str, wiring.Member]:
        """The Amaranth members of ``ports``, for the component's signature."""
        flow = {Direction.INPUT: In, Direction.OUTPUT: Out}
        return {p.name: flow[p.direction](stream_of(p.type)) for p in self.ports}


class KernelSpec(KernelGeometry):
    """A kernel of the library: subclasses are frozen keyword-only dataclasses.

    A spec describes one *invocation*: the tensors that its port types cover. Hardware runs
    invocations back to back for ever.
    """

    @abstractmethod
    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        """The bit-exact integer result of one invocation: output tensors by port name."""

    @abstractmethod
    def timing(self, symbol_values: SymbolValues) -> Timing:
        """Cycle counts of one invocation; checked against simulation."""

    @abstractmethod
    def resources(self) -> Resources:
        """Estimated cells; compared with synthesis."""

    def behaviour(self) -> Behaviour:
        """What else the compiler must know: by default a stage that takes and gives as ``timing``
        says, without memory."""
        return Behaviour()

    @property
    def label(self) -> str:
        """What reports call the kernel: the class's name without ``Spec``."""
        return type(self).__name__.removesuffix("Spec")

    def pieces(self) -> tuple[Piece, ...]:
        """What of the kernel may be on other dies, if it is too large for one."""
        return ()

    def core(self) -> Resources:
        """Estimated cells without those of the pieces."""
        return self.resources()

    def spread(self, dies: Mapping[str, int], slices: int) -> "KernelSpec":
        """The kernel with its pieces on ``dies``, by number, and ``slices`` registers on the way of
        each signal between a piece and the rest; raises ``ValueError`` if it has no pieces."""
        raise ValueError(f"{type(self).__name__} must have pieces to be spread over dies")

    def located(self, offset: int) -> Self:
        """The kernel with its region of memory from byte ``offset`` on; raises ``ValueError`` if it
        has none."""
        raise ValueError(f"{type(self).__name__} must have a region of memory to be located")

    @abstractmethod
    def create(self) -> wiring.Component:
        """The hardware: a component whose stream members are exactly ``ports``."""


def raw(width: int) -> ITensor:
    """The type of a stream of uninterpreted words: memory beats, commands, descriptors.

    The number of words is outside the type: one beat an invocation.
    """
    return ITensor(Fixed(width, signed=False), (1,), ())
