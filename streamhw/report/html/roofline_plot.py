# SPDX-License-Identifier: Apache-2.0
"""The roofline as a plot: products a second over products a byte, this design, published points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, log10

from ..bench import Bench, BenchPoint
from ..published import published
from .markup import Html, tag

__all__ = ["Mark", "marks_of", "roofline_plot"]

WIDTH, HEIGHT = 1160.0, 430.0
LEFT, RIGHT, TOP, BOTTOM = 70.0, 930.0, 20.0, 380.0
APART = 17.0
"""Pixels between the names of two marks."""
OURS = "this design"


@dataclass(frozen=True)
class Mark:
    """One measured, predicted or published phase of an answer.

    intensity: products for each byte that the floor reads; rate: products a second
    phase: ``prompt`` or ``token``
    """

    who: str
    phase: str
    answer: str
    intensity: float
    rate: float
    how: str


def marks_of(bench: Bench) -> Iterator[Mark]:
    """Both phases of all points. Whoever makes an answer has the same products to do; all are drawn
    at the bytes of this design's weights, so that a mark below another is slower."""
    for point in bench.points:
        name = f"{point.prompt}:{point.answer}"
        times = [(OURS, bench.ms(point.first), bench.ms(point.token), point.how)]
        for figure in published(bench.shape, point.prompt, point.answer):
            where = f"{figure.system.where}, published"
            times.append((figure.system.name, figure.first_ms or 0.0, figure.token_ms, where))
        for phase, (products, moved) in _work(bench, point).items():
            for who, first, token, how in times:
                if took := first if phase == "prompt" else token:
                    rate = products / (took / 1e3)
                    yield Mark(who, phase, name, products / moved, rate, how)


def _work(bench: Bench, point: BenchPoint) -> dict[str, tuple[float, float]]:
    """Products and bytes of the prompt's step, and of the mean step after it."""
    work = bench.roofline.work
    found = {"prompt": (float(work.products(point.prompt, 0)), work.bytes(point.prompt, 0))}
    if later := range(point.prompt, point.prompt + point.answer - 1):
        products = sum(work.products(1, at) for at in later) / len(later)
        found["token"] = (products, sum(work.bytes(1, at) for at in later) / len(later))
    return found


def roofline_plot(bench: Bench) -> Html:
    """The figure; nothing of a bench without points."""
    marks = list(marks_of(bench))
    if not marks:
        return Html()
    ridge = bench.roofline.rate / bench.roofline.bandwidth
    span = (
        min(*(m.intensity for m in marks), ridge) / 2,
        max(*(m.intensity for m in marks), ridge) * 3,
    )
    rates = [*(m.rate for m in marks), bench.roofline.rate]
    height = (min(rates) / 2, max(rates) * 2)
    svg = tag(
        "svg",
        *_Plot(span, height).parts(bench, marks, ridge),
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        role="img",
        aria_label="roofline: products a second over products a byte",
    )
    return tag("div", svg, cls="figure")


class _Plot:
    """Both axes are logarithmic."""

    def __init__(self, across: tuple[float, float], up: tuple[float, float]):
        self._across = (log10(across[0]), log10(across[1]))
        self._up = (log10(up[0]), log10(up[1]))

    def x(self, value: float) -> float:
        low, high = self._across
        return LEFT + (log10(value) - low) / (high - low) * (RIGHT - LEFT)

    def y(self, value: float) -> float:
        low, high = self._up
        return BOTTOM - (log10(value) - low) / (high - low) * (BOTTOM - TOP)

    def parts(self, bench: Bench, marks: Sequence[Mark], ridge: float) -> Iterator[Html]:
        yield from self._grid()
        limits = bench.roofline
        low = 10 ** self._across[0]
        start = max(10 ** self._up[0], low * limits.bandwidth)
        path = (
            f"M{self.x(start / limits.bandwidth):.1f} {self.y(start):.1f}"
            f"L{self.x(ridge):.1f} {self.y(limits.rate):.1f}H{RIGHT:.1f}"
        )
        yield tag("path", d=path, cls="ceiling")
        says = f"{limits.rate / 1e12:,.3g} T products/s: 2 x DSPs x clock"
        yield tag("text", says, x=self.x(ridge) + 6, y=self.y(limits.rate) + 17, cls="soft")
        middle = (start / limits.bandwidth * ridge) ** 0.5
        says = f"{limits.bandwidth / 1e9:,.4g} GB/s of memory"
        x, y = self.x(middle), self.y(middle * limits.bandwidth)
        yield tag("text", says, x=x - 10, y=y - 8, cls="soft end")
        yield from self._marks(marks)

    def _grid(self) -> Iterator[Html]:
        for value in _round_numbers(*self._across):
            x = self.x(value)
            yield tag("line", x1=x, x2=x, y1=TOP, y2=BOTTOM, cls="grid")
            yield tag("text", f"{value:,g}", x=x, y=BOTTOM + 17, cls="soft mid")
        for value in _round_numbers(*self._up):
            y = self.y(value)
            yield tag("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, cls="grid")
            yield tag("text", _short(value), x=LEFT - 8, y=y + 4, cls="soft end")
        yield tag("text", "products a byte", x=RIGHT, y=BOTTOM + 38, cls="soft end")
        yield tag("text", "products a second", x=LEFT, y=BOTTOM + 38, cls="soft mid")

    def _marks(self, marks: Sequence[Mark]) -> Iterator[Html]:
        for mark in marks:
            cls = "fill-red" if mark.who == OURS else "fill-blue"
            shape = tag("circle", cx=self.x(mark.intensity), cy=self.y(mark.rate),
                        r=6.0 if mark.who == OURS else 4.0,
                        cls=cls if mark.phase == "token" else f"{cls} hollow")  # fmt: skip
            yield tag("g", shape, cls="mark", data_tip=_tip(mark))
        yield from self._names(marks)

    def _names(self, marks: Sequence[Mark]) -> Iterator[Html]:
        """Right of the plot: who made which mark, from the fastest down, with lines to them."""
        last = max(marks, key=lambda mark: mark.intensity).answer
        named = sorted((m for m in marks if m.answer == last), key=lambda mark: -mark.rate)
        y = TOP - APART + 6
        lowest = BOTTOM - APART * (len(named) - 1)
        for mark in named:
            at = self.y(mark.rate)
            y, lowest = max(y + APART, min(at, lowest)), lowest + APART
            path = f"M{self.x(mark.intensity) + 7:.1f} {at:.1f}L{RIGHT + 8:.1f} {y:.1f}"
            yield tag("path", d=path, cls="lead-line")
            yield tag("text", f"{mark.who}, {mark.phase}", x=RIGHT + 12, y=y + 4)


def _round_numbers(low: float, high: float) -> list[float]:
    """Powers of ten between two of them; with 2 and 5 times these if there are few."""
    factors = (1, 2, 5) if high - low < 3 else (1,)
    powers = range(floor(low), floor(high) + 1)
    found = (factor * 10.0**power for power in powers for factor in factors)
    return [value for value in found if low <= log10(value) <= high]


def _short(value: float) -> str:
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"


def _tip(mark: Mark) -> str:
    return (
        f"{mark.who}, {mark.phase} of {mark.answer}\n{mark.how}\n"
        f"{_short(float(f'{mark.rate:.3g}'))} products/s at {mark.intensity:.3g} a byte"
    )
