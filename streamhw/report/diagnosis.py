# SPDX-License-Identifier: Apache-2.0
"""What ``doctor`` found, in tables of 80 columns and in sentences."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rich import box
from rich.table import Table

from ..reference.diagnose import StreamHealth
from ..reference.quality import QUALITY_BOUND, Quality

__all__ = ["CLIPPED_BOUND", "ERROR_BOUND", "OUTLIER_BOUND", "Diagnosis", "QuantizationTrial"]

ERROR_BOUND = 0.1
"""Relative error from which on a stream counts as lost."""
CLIPPED_BOUND = 0.005
"""Share of the integers at the ends of their format from which on it saturates."""
OUTLIER_BOUND = 8.0
"""Peak of a feature by the median of all from which on it is an outlier."""


@dataclass(frozen=True, kw_only=True)
class QuantizationTrial:
    """Another choice that was tried on the same tokens.

    options: of ``build``, which make it; token_bytes: of all matrices, which each token reads
    """

    options: str
    quality: Quality
    token_bytes: int


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """A quantized model, stream by stream in the order of execution.

    typed: the model and the board as arguments of commands
    name: of the quantization; calibration: what its ranges were measured on, in words
    fake, integer: logits of the fake quantization and of the integers
    token_bytes: of all matrices, which each token reads
    trials: other choices, cheapest first; none if this one is within bounds
    """

    model: str
    typed: str
    name: str
    calibration: str
    streams: tuple[StreamHealth, ...]
    fake: Quality
    integer: Quality
    token_bytes: int
    trials: tuple[QuantizationTrial, ...] = ()

    @property
    def within_bounds(self) -> bool:
        return self.integer.within_bounds

    @property
    def first(self) -> StreamHealth | None:
        """The first stream that alone adds more than the bound; else the first beyond it."""
        alone = (s for s in self.streams if s.own >= ERROR_BOUND)
        return next(alone, next((s for s in self.streams if s.fake >= ERROR_BOUND), None))

    @property
    def worst(self) -> StreamHealth | None:
        """The stream that alone adds most."""
        return max(self.streams, key=lambda s: s.own, default=None)

    @property
    def parted(self) -> StreamHealth | None:
        """The first stream in which the integers are farther off than the fake quantization."""
        more = ERROR_BOUND / 2
        found = (s for s in self.streams if s.integer is not None and s.integer > s.fake + more)
        return next(found, None)

    @property
    def saturated(self) -> tuple[StreamHealth, ...]:
        """Streams of which too many integers are at an end of their format, the worst first."""
        found = [s for s in self.streams if s.clipped >= CLIPPED_BOUND]
        return tuple(sorted(found, key=lambda s: -s.clipped))

    @property
    def outlier(self) -> StreamHealth | None:
        """The stream whose greatest feature stands out most."""
        return max(self.streams, key=lambda s: s.outlier, default=None)

    def stream_table(self) -> Table:
        """A row for each stream: of all layers, the worst of each figure."""
        table = _table("stream", "own", "in layer", "fake", "integer", "clipped", "outlier")
        for streams in _grouped(self.streams, lambda s: s.name).values():
            own = max(streams, key=lambda s: s.own)
            far = max(streams, key=lambda s: s.outlier)
            integers = [s.integer for s in streams if s.integer is not None]
            shown = any(s.channel is not None for s in streams)
            table.add_row(
                own.name,
                f"{own.own:.1%}" if shown else "",
                "" if own.layer is None or not own.own else str(own.layer),
                f"{max(s.fake for s in streams):.1%}" if shown else "",
                f"{max(integers):.1%}" if integers else "",
                f"{max(s.clipped for s in streams):.2%}",
                f"{far.channel} x{far.outlier:.1f}" if shown else "",
            )
        return table

    def layer_table(self) -> Table:
        """A row for each layer: the error at its end, and what in it adds most."""
        table = _table("layer", "fake", "integer", "adds most", "own")
        layers = _grouped((s for s in self.streams if s.layer is not None), lambda s: str(s.layer))
        for layer, streams in layers.items():
            end, own = streams[-1], max(streams, key=lambda s: s.own)
            integer = "" if end.integer is None else f"{end.integer:.1%}"
            table.add_row(layer, f"{end.fake:.1%}", integer, own.name, f"{own.own:.1%}")
        return table

    def findings(self) -> list[str]:
        """What is wrong, one sentence each."""
        found = [
            f"{self.name}: {self.integer.nats:.3f} nats a token from the float model "
            f"(bound {QUALITY_BOUND:g}), {self.integer.agreement:.1%} of the likeliest tokens are "
            "its own"
        ]
        if (first := self.first) is not None:
            found.append(
                f"quality is lost first in {_place(first)}: error {first.fake:.1%}, of which it "
                f"adds {first.own:.1%} itself"
            )
        if (worst := self.worst) is not None and worst.own > 0:
            what = "weights" if worst.weights else "values"
            found.append(f"most is added by {_place(worst)}: {worst.own:.1%}, rounding its {what}")
        if (parted := self.parted) is not None and parted.integer is not None:
            found.append(
                f"the integers part from fake quantization in {_place(parted)}: error "
                f"{parted.integer:.1%} instead of {parted.fake:.1%}"
            )
        found += [
            f"{_place(s)} saturates: {s.clipped:.1%} of its integers are at an end of their range"
            for s in self.saturated[:3]
        ] or ["no range saturates"]
        far = self.outlier
        if far is not None and far.outlier >= OUTLIER_BOUND:
            found.append(
                f"outlier: feature {far.channel} of {_place(far)} peaks at {far.outlier:.1f} times "
                "the median feature"
            )
        else:
            found.append("no feature is an outlier")
        return found

    def advice(self) -> list[str]:
        """What to do, with commands."""
        if self.within_bounds:
            return ["nothing needs to be done"]
        said = []
        good = next((t for t in self.trials if t.quality.within_bounds), None)
        best = good or min(self.trials, key=lambda t: t.quality.nats, default=None)
        if best is not None and best.quality.nats < self.fake.nats:
            beside = "" if good else ", which is not enough"
            said.append(
                f"python -m streamhw build {self.typed} {best.options}\n  {best.quality.nats:.3f} "
                f"nats a token at {best.token_bytes / 1e6:,.3f} MB a token instead of "
                f"{self.token_bytes / 1e6:,.3f}{beside}"
            )
        if any(not s.scores for s in self.saturated):
            said.append(
                f"ranges were measured on {self.calibration}: name text like that of your use "
                "calibration.txt, put it beside the model's files, and call doctor again"
            )
        if good is None:
            said.append(
                "no choice of weights is enough: the streams above that add most need finer values"
            )
        return said


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for name in names:
        text = name in ("stream", "adds most")
        table.add_column(name, justify="left" if text else "right", overflow="fold")
    return table


def _grouped(
    streams: Iterable[StreamHealth], key: Callable[[StreamHealth], str]
) -> dict[str, list[StreamHealth]]:
    found: dict[str, list[StreamHealth]] = {}
    for stream in streams:
        found.setdefault(key(stream), []).append(stream)
    return found


def _place(stream: StreamHealth) -> str:
    return stream.name if stream.layer is None else f"{stream.name}, layer {stream.layer}"
