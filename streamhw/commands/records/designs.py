# SPDX-License-Identifier: Apache-2.0
"""Records of ``synth``, ``explain`` and ``report``, and of bitstreams and packages."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...bitstream.placed import PlacedClock
from ...compiler.resources.fpga_cells import Cells
from .builds import FileSize
from .record import Record

__all__ = [
    "BitstreamRecord",
    "CellsUsed",
    "EdgeRecord",
    "EdgeSection",
    "PackageRecord",
    "PartRecord",
    "ReportRecord",
    "SynthRecord",
]


@dataclass(frozen=True, kw_only=True)
class CellsUsed:
    """Cells of a kind: used, and what the part has."""

    used: int
    available: int


@dataclass(frozen=True, kw_only=True)
class BitstreamRecord(Record):
    """A placed and routed design. clocks: MHz wanted and reached; cells: by kind

    logic_ns, wires_ns: of the longest path of the slowest clock
    """

    kind = "bitstream"
    file: str
    bytes: int
    met: bool
    clocks: tuple[PlacedClock, ...]
    cells: Mapping[str, CellsUsed]
    logic_ns: float
    wires_ns: float


@dataclass(frozen=True, kw_only=True)
class PackageRecord(Record):
    """A package for the tools of a vendor. flow: which; folder: that holds its files"""

    kind = "package"
    flow: str
    folder: str
    files: tuple[FileSize, ...]


@dataclass(frozen=True, kw_only=True)
class PartRecord(Record):
    """Cells of one part of the top; levels: of LUTs and carry chains on its longest path."""

    kind = "part"
    name: str
    estimated: Cells
    counted: Cells
    levels: int


@dataclass(frozen=True, kw_only=True)
class SynthRecord(Record):
    """Cells of the whole design. rest: of it, what is in no part; levels: on the longest path."""

    kind = "synth"
    model: str
    board: str
    family: str
    clock_mhz: float
    estimated: Cells
    counted: Cells
    rest: Cells
    budget: Cells
    levels: int
    file: str


@dataclass(frozen=True, kw_only=True)
class EdgeSection:
    """Lines below a title, for people."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EdgeRecord(Record):
    """A value's way from part to part. source, sink: part and port; value: None for control

    fifo_beats: depth of each of its queues, in the order of the way; about: why it is so, if the
    edge was named
    """

    kind = "edge"
    name: str
    source: str
    sink: str
    scope: str
    value: str | None
    converter_bits: int
    fifo_beats: tuple[int, ...]
    fifo_bits: int
    about: tuple[EdgeSection, ...]


@dataclass(frozen=True, kw_only=True)
class ReportRecord(Record):
    """The page that was written."""

    kind = "report"
    file: str
    bytes: int
