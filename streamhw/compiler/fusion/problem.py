# SPDX-License-Identifier: Apache-2.0
"""The fusion problem: kernels, what their streams cost on chip or through memory, and a limit."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cached_property

from ..resources.fpga_cells import Cells

__all__ = ["FusionEdge", "FusionOutcome", "Grouping", "Kernel", "Problem", "excess", "fits"]

NOTHING = Cells()


@dataclass(frozen=True)
class Kernel:
    """A task of the graph; ``parts`` are the hardware that does it, which tasks may share."""

    name: str
    parts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FusionEdge:
    """A stream from one kernel to another.

    on_chip: its converter and FIFO, if both kernels are in one group
    bytes: moved to and from external memory for one invocation, if they are not; None: it cannot
        be cut, so both are in one group
    writer, reader: what the cut costs on chip, in the group of the source and of the sink
    """

    name: str
    source: str
    sink: str
    on_chip: Cells = NOTHING
    bytes: int | None = None
    writer: Cells = NOTHING
    reader: Cells = NOTHING


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Which streams stay on chip.

    A *group* is a set of kernels, and groups have an order. A stream within a group stays on chip;
    one between groups goes through external memory, and only from a group to a later one. So a
    group never waits for a later one, and no stream on chip runs beside a path through memory:
    the FIFOs within a group are as deep as without groups.

    kernels: in topological order
    parts: cells of each part; base: cells that every image has
    limit: cells of an image
    images: whether each group is an image of its own, with a limit of its own and the parts that
        it uses; else one image has all parts and all groups
    """

    kernels: tuple[Kernel, ...]
    edges: tuple[FusionEdge, ...]
    parts: Mapping[str, Cells]
    limit: Cells
    base: Cells = NOTHING
    images: bool = False

    def __post_init__(self) -> None:
        place = {kernel.name: i for i, kernel in enumerate(self.kernels)}
        if len(place) != len(self.kernels):
            raise ValueError("Problem kernels must have different names")
        for kernel in self.kernels:
            for part in kernel.parts:
                if part not in self.parts:
                    raise ValueError(f"Kernel {kernel.name} must have known parts, not {part}")
        for edge in self.edges:
            if {edge.source, edge.sink} - set(place) or place[edge.source] >= place[edge.sink]:
                raise ValueError(
                    f"Edge {edge.name} must run from a kernel to a later one, not from "
                    f"{edge.source} to {edge.sink}"
                )

    @cached_property
    def index(self) -> Mapping[str, int]:
        """The place of each kernel."""
        return {kernel.name: i for i, kernel in enumerate(self.kernels)}

    @cached_property
    def ends(self) -> tuple[tuple[int, int], ...]:
        """Source and sink of each edge, as places of kernels."""
        return tuple((self.index[e.source], self.index[e.sink]) for e in self.edges)

    def outcome(self, groups: Sequence[int], *, partial: bool = False) -> "FusionOutcome":
        """What a grouping costs: ``groups`` has the group of each kernel, 0 first.

        partial: whether ``groups`` may cover only the first kernels; the rest is left out
        """
        if not partial and len(groups) != len(self.kernels):
            raise ValueError(f"A grouping must have {len(self.kernels)} groups, not {len(groups)}")
        count = max(groups, default=-1) + 1
        used = [self.base] * count if self.images else [self.base]
        moved, valid = 0, True
        if self.images:
            for group in range(count):
                inside = [k for k, g in zip(self.kernels, groups, strict=False) if g == group]
                for name in sorted({part for kernel in inside for part in kernel.parts}):
                    used[group] += self.parts[name]
        else:
            for cells in self.parts.values():
                used[0] += cells
        for edge, (u, v) in zip(self.edges, self.ends, strict=True):
            if max(u, v) >= len(groups):
                continue
            source, sink = groups[u], groups[v]
            if source == sink:
                used[source if self.images else 0] += edge.on_chip
                continue
            valid = valid and source < sink and edge.bytes is not None
            moved += edge.bytes or 0
            used[source if self.images else 0] += edge.writer
            used[sink if self.images else 0] += edge.reader
        return FusionOutcome(
            bytes=moved,
            groups=count,
            used=tuple(used),
            valid=valid and all(fits(cells, self.limit) for cells in used),
        )


@dataclass(frozen=True, kw_only=True)
class FusionOutcome:
    """What a grouping costs.

    bytes: through memory; groups: number of them; used: cells of each image
    valid: whether all streams run forward, none is cut that must not be, and every image fits
    """

    bytes: int
    groups: int
    used: tuple[Cells, ...]
    valid: bool

    @property
    def bits(self) -> int:
        """On-chip memory of all images."""
        return sum(cells.memory_bits for cells in self.used)

    @property
    def rank(self) -> tuple[int, int]:
        """What is compared: bytes through memory first, then bits on chip."""
        return (self.bytes, self.bits)


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """An answer: the group of each kernel.

    method: what found it; bound: bytes below which no grouping is
    """

    groups: tuple[int, ...]
    outcome: FusionOutcome
    method: str
    bound: int = 0

    @property
    def gap(self) -> float:
        """The share of its bytes that a better grouping might save; 0 if it is the best."""
        return 1 - self.bound / self.outcome.bytes if self.outcome.bytes else 0.0


def fits(used: Cells, limit: Cells) -> bool:
    """Whether no kind of cell exceeds its limit."""
    return all(have <= most for have, most in zip(astuple(used), astuple(limit), strict=True))


def excess(used: Cells, limit: Cells) -> Mapping[str, tuple[int, int]]:
    """Kinds of cells over their limit: used, and limit."""
    return {
        field.name: (getattr(used, field.name), getattr(limit, field.name))
        for field in fields(Cells)
        if getattr(used, field.name) > getattr(limit, field.name)
    }
