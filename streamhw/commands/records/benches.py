# SPDX-License-Identifier: Apache-2.0
"""Records of ``bench``: all points and contexts of a build, then what they are of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ...report.bench import Bench, BenchPoint, Context
from .record import Record

__all__ = ["BenchRecord", "ContextRecord", "PointRecord"]


@dataclass(frozen=True, kw_only=True)
class PointRecord(Record):
    """An answer of ``answer`` tokens after a prompt of ``prompt``.

    how: ``simulated`` or ``predicted``; memory: the model of it
    first_ms, token_ms, total_ms: to the first new token, of each further one (mean), in all; floor:
    the same by graph and board
    error: of the prediction, relative to the simulation; None without one
    joules: estimated, of the whole answer; None where the part has no model
    """

    kind = "point"
    prompt: int
    answer: int
    how: str
    memory: str
    first_ms: float
    token_ms: float
    total_ms: float
    floor_first_ms: float
    floor_token_ms: float
    floor_total_ms: float
    error: float | None
    compared_tokens: int
    joules: float | None

    @classmethod
    def of(cls, point: BenchPoint, bench: Bench) -> Self:
        """One of the points of a bench."""
        floor, energy = bench.floor(point), bench.energy(point)
        return cls(
            prompt=point.prompt,
            answer=point.answer,
            how="simulated" if point.simulated else "predicted",
            memory=point.memory,
            first_ms=bench.ms(point.first),
            token_ms=bench.ms(point.token),
            total_ms=bench.ms(point.total),
            floor_first_ms=floor[0],
            floor_token_ms=floor[1],
            floor_total_ms=floor[2],
            error=point.error,
            compared_tokens=point.compared,
            joules=None if energy is None else energy.total,
        )


@dataclass(frozen=True, kw_only=True)
class ContextRecord(Record):
    """One token, predicted, with so many positions in the cache."""

    kind = "context"
    positions: int
    cycles: float
    ms: float
    floor_ms: float

    @classmethod
    def of(cls, context: Context, bench: Bench) -> Self:
        """One of the contexts of a bench."""
        return cls(
            positions=context.length,
            cycles=context.cycles,
            ms=bench.ms(context.cycles),
            floor_ms=1e3 * bench.roofline.step(1, context.length),
        )


@dataclass(frozen=True, kw_only=True)
class BenchRecord(Record):
    """What all points are of, and the file that has all of this build's."""

    kind = "bench"
    model: str
    weights: str
    board: str
    quantization: str
    clock_mhz: float
    points: int
    contexts: int
    file: str

    @classmethod
    def of(cls, bench: Bench, file: Path) -> Self:
        """A bench that was written to ``file``."""
        return cls(
            model=bench.model,
            weights=bench.weights,
            board=bench.board,
            quantization=bench.quantization,
            clock_mhz=bench.clock_mhz,
            points=len(bench.points),
            contexts=len(bench.contexts),
            file=str(file),
        )
