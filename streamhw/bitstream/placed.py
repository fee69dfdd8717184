# SPDX-License-Identifier: Apache-2.0
"""What nextpnr says of a placed and routed design: clocks, cells, the longest path."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from ..errors import ToolError

__all__ = ["PathSegment", "Placed", "PlacedClock"]

KINDS = {
    "TRELLIS_COMB": "LUT",
    "TRELLIS_FF": "FF",
    "MULT18X18D": "DSP",
    "DP16KD": "block RAM",
    "TRELLIS_IO": "pin",
}
"""nextpnr's kinds of cells that users count, and how they are called."""


@dataclass(frozen=True, kw_only=True)
class PlacedClock:
    """A clock of the design: MHz that it must have, and that it can."""

    name: str
    wanted: float
    reached: float

    @property
    def met(self) -> bool:
        return self.reached >= self.wanted


@dataclass(frozen=True, kw_only=True)
class PathSegment:
    """A part of a path: the net or cell, and the nanoseconds of logic or wires that it takes."""

    through: str
    kind: str
    ns: float


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A placed and routed design.

    cells: by kind, used and available; path: the longest of the slowest clock, from its register on
    """

    clocks: tuple[PlacedClock, ...]
    cells: Mapping[str, tuple[int, int]]
    path: tuple[PathSegment, ...]

    @property
    def met(self) -> bool:
        """Whether every clock is as fast as it must be."""
        return all(clock.met for clock in self.clocks)

    @property
    def logic(self) -> float:
        """Nanoseconds of the path in cells; the rest are wires."""
        return sum(segment.ns for segment in self.path if segment.kind != "routing")

    @property
    def wires(self) -> float:
        return sum(segment.ns for segment in self.path if segment.kind == "routing")

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def of_report(cls, file: Path) -> Self:
        """What nextpnr's report says; raises ``ToolError`` if it is not a report."""
        try:
            report = json.loads(file.read_text())
            clocks = {
                net: PlacedClock(name=_domain(net), wanted=at["constraint"], reached=at["achieved"])
                for net, at in report["fmax"].items()
            }
            cells = {
                name: (
                    report["utilization"][kind]["used"],
                    report["utilization"][kind]["available"],
                )
                for kind, name in KINDS.items()
                if kind in report["utilization"]
            }
            slowest = min(clocks, key=lambda net: clocks[net].reached / clocks[net].wanted)
            path = _path(report["critical_paths"], slowest)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ToolError(f"nextpnr must write its report, but: {error}") from error
        return cls(
            clocks=tuple(sorted(clocks.values(), key=lambda clock: clock.name)),
            cells=cells,
            path=path,
        )


def _domain(net: str) -> str:
    """The domain of a clock: its net is called ``clk``, or after the domain, in some module."""
    name = re.split(r"[$.]", net)[-1]
    return "sync" if name == "clk" else name.removesuffix("_clk")


def _path(paths: list[dict[str, Any]], net: str) -> tuple[PathSegment, ...]:
    """The path within a clock domain."""
    for path in paths:
        if path["from"].endswith(f" {net}") and path["to"].endswith(f" {net}"):
            return tuple(
                PathSegment(
                    through=segment.get("net") or segment["to"]["cell"],
                    kind=segment["type"],
                    ns=segment["delay"],
                )
                for segment in path["path"]
            )
    return ()
