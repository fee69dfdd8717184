# SPDX-License-Identifier: Apache-2.0
"""A design beside its board's roofline and published figures: ``bench.json`` of a build."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean

from ..compiler.resources.fpga_cells import Cells
from .energy import MODELS, Energy, UnitActivity, energy_of
from .idle_cycles import LayerCycles
from .kept_file import kept_text, load_kept
from .published import Shape
from .roofline import Roofline

__all__ = ["BENCH_FILE", "Bench", "BenchPoint", "Context"]

BENCH_FILE = "bench.json"


@dataclass(frozen=True, kw_only=True)
class BenchPoint:
    """One answer of ``answer`` tokens after ``prompt`` others, in cycles.

    predicted, simulated: to the first new token and of each further one; simulated is empty where
        only the cost model was asked
    compared: tokens of the simulation that were held against the integer reference, all equal
    seconds: that the simulator took, without its compilation
    moved: bytes that passed the memory ports, measured if simulated
    memory: the model of the memory that was simulated, or that the prediction assumes
    sustained: share of the ports' bandwidth that the prediction gives to long reads
    """

    prompt: int
    answer: int
    predicted: tuple[float, ...]
    simulated: tuple[int, ...] = ()
    compared: int = 0
    seconds: float = 0.0
    moved: float = 0.0
    memory: str = ""
    sustained: float = 1.0

    @property
    def cycles(self) -> tuple[float, ...]:
        """Simulated ones where there are any."""
        return self.simulated or self.predicted

    @property
    def how(self) -> str:
        memory = f", memory {self.memory}" if self.memory else ""
        return f"{'simulated' if self.simulated else 'predicted'}{memory}"

    @property
    def first(self) -> float:
        """Cycles to the first new token."""
        return self.cycles[0]

    @property
    def token(self) -> float:
        """Mean cycles of a token after the first."""
        return fmean(self.cycles[1:]) if len(self.cycles) > 1 else 0.0

    @property
    def total(self) -> float:
        return float(sum(self.cycles))

    @property
    def error(self) -> float | None:
        """Of the cost model, relative to the simulated answer."""
        return sum(self.predicted) / sum(self.simulated) - 1 if self.simulated else None


@dataclass(frozen=True, kw_only=True)
class Context:
    """Predicted cycles of one token, with ``length`` positions in the cache, and of its layers."""

    length: int
    cycles: float
    layer: LayerCycles


@dataclass(frozen=True, kw_only=True)
class Bench:
    """All points that were asked for of one build.

    key: of the build; simulated points of the same build are kept
    bandwidth, rate: bytes and products a second of the board; work: of a token
    products_a_dsp: at a time in the engines; cells: estimated, of the whole design
    """

    key: str
    model: str
    weights: str
    shape: Shape
    board: str
    part: str
    clock_mhz: float
    quantization: str
    roofline: Roofline
    products_a_dsp: int
    cells: Cells
    points: tuple[BenchPoint, ...] = ()
    contexts: tuple[Context, ...] = field(default=())

    def ms(self, cycles: float) -> float:
        """Milliseconds at the assumed clock."""
        return cycles / (self.clock_mhz * 1e3)

    def floor(self, point: BenchPoint) -> tuple[float, float, float]:
        """Least milliseconds: to the first token, of a further one (mean), in all."""
        first, later = self.roofline.answer(point.prompt, point.answer)
        return 1e3 * first, 1e3 * fmean(later or [0.0]), 1e3 * (first + sum(later))

    def energy(self, point: BenchPoint) -> Energy | None:
        """Of the whole answer, if the part has a model."""
        model = MODELS.get(self.part)
        if model is None:
            return None
        work, positions = self.roofline.work, range(point.prompt, point.prompt + point.answer - 1)
        products = work.products(point.prompt, 0) + sum(work.products(1, p) for p in positions)
        activity = UnitActivity(
            memory_bytes=point.moved,
            products=products,
            products_a_dsp=self.products_a_dsp,
            cycles=point.total,
        )
        return energy_of(model, activity, self.cells, self.clock_mhz)

    def merged(self, points: Sequence[BenchPoint], contexts: Sequence[Context]) -> "Bench":
        """With more points: a simulated one stays where the new one is only predicted, with the new
        prediction if that is for the same memory."""
        known = {(p.prompt, p.answer): p for p in self.points}
        for point in points:
            before = known.get((point.prompt, point.answer))
            if before is not None and before.simulated and not point.simulated:
                same = before.memory == point.memory
                point = replace(before, predicted=point.predicted) if same else before
            known[point.prompt, point.answer] = point
        lengths = {c.length: c for c in (*self.contexts, *contexts)}
        return replace(
            self,
            points=tuple(known[key] for key in sorted(known)),
            contexts=tuple(lengths[key] for key in sorted(lengths)),
        )

    def to_json(self) -> str:
        """The text of ``bench.json``."""
        return kept_text(self)

    @classmethod
    def load(cls, folder: Path) -> "Bench | None":
        """What was measured of the build in a folder, if anything; raises ``UserError``."""
        return load_kept(cls, folder / BENCH_FILE, wrote="bench", again="run bench again")
