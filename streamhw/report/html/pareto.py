# SPDX-License-Identifier: Apache-2.0
"""The Pareto front of an exploration: cycles of a token against the share of the board."""

from collections.abc import Iterator
from math import log10

from ..exploration import Front, FrontPoint
from .chart import ticks
from .markup import Content, Html, section, table, tag

__all__ = ["pareto"]

WIDTH, HEIGHT = 1160.0, 380.0
LEFT, RIGHT, TOP, BOTTOM = 60.0, 1130.0, 16.0, 338.0


def pareto(front: Front) -> Html:
    """The section."""
    marked = [("best", front.best), *((p.origin, p) for p in front.compared)]
    points = [*front.points, *(point for _, point in marked)]
    names: dict[int, list[str]] = {point.number: [] for point in points}
    for name, point in marked:
        names[point.number].append(name)
    rows: list[list[Content]] = [
        [p.number, ", ".join(names[p.number]) or p.origin, round(p.token), round(p.prompt),
         f"{front.clock_mhz * 1e6 / p.token:,.0f}",
         f"{100 * p.share:.1f} %", p.luts, p.dsps, p.block_ram,
         p.engines]
        for p in {point.number: point for point in points}.values()
    ]  # fmt: skip
    columns = ("trial#", "who", "cycles a token#", "cycles to the first#", "tokens a second#",
               "share of the board#", "LUT#", "DSP#", "block RAM#", "sizes")  # fmt: skip
    how = "every choice was tried" if front.exact else f"{front.trials:,} choices were tried"
    return section(
        "pareto",
        "Exploration",
        f"The {len(front.points)} designs that no other one beats in cycles or cells, for the goal "
        f"{front.goal}; {how}. Predicted cycles, estimated cells.",
        tag("div", _scatter(front, points, names), cls="figure"),
        table(columns, rows),
    )


def _scatter(front: Front, points: list[FrontPoint], names: dict[int, list[str]]) -> Html:
    low, high = min(p.token for p in points), max(p.token for p in points)
    begin, end = log10(low) - 0.04, log10(max(high, low * 1.2)) + 0.04
    top = max(max(p.share for p in points), 1e-6) * 1.12

    def at(point: FrontPoint) -> tuple[float, float]:
        x = LEFT + (log10(point.token) - begin) / (end - begin) * (RIGHT - LEFT)
        return x, BOTTOM - point.share / top * (BOTTOM - TOP)

    def parts() -> Iterator[Html]:
        for share in ticks(0, 100 * top, 6):
            y = BOTTOM - share / 100 / top * (BOTTOM - TOP)
            yield tag("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, cls="grid")
            yield tag("text", f"{share:g} %", x=LEFT - 6, y=y + 4, cls="soft end")
        for cycles in _decades(10**begin, 10**end):
            x = LEFT + (log10(cycles) - begin) / (end - begin) * (RIGHT - LEFT)
            yield tag("line", x1=x, x2=x, y1=TOP, y2=BOTTOM, cls="grid")
            yield tag("text", f"{cycles:,.0f}", x=x, y=BOTTOM + 16, cls="soft mid")
        yield tag("text", "cycles a token", x=RIGHT, y=BOTTOM + 34, cls="soft end")
        yield tag("path", d="".join(_stairs([at(point) for point in front.points])), cls="front")
        for point in {p.number: p for p in points}.values():
            x, y = at(point)
            said = names[point.number]
            cls = "fill-red" if "best" in said else "fill-amber" if said else "fill-blue"
            yield tag("circle", cx=x, cy=y, r=6.0 if said else 4.0, cls=cls, data_tip=_tip(point))
            if said:
                yield tag("text", ", ".join(said), x=x + 10, y=y - 6)

    return tag("svg", *parts(), viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}")


def _stairs(places: list[tuple[float, float]]) -> Iterator[str]:
    """The border of what is reached in the two quantities that are shown: the designs of the front
    that others beat in both of these are right of it, for they are better in a third one."""
    lowest = TOP
    for x, y in sorted(places, key=lambda place: (place[0], -place[1])):
        if y > lowest:
            yield f"M{x:.1f} {TOP:.1f}V{y:.1f}" if lowest == TOP else f"H{x:.1f}V{y:.1f}"
            lowest = y
    if lowest > TOP:
        yield f"H{RIGHT:.1f}"


def _decades(low: float, high: float) -> Iterator[float]:
    """1, 2 and 5 times the powers of ten between two numbers."""
    power = 10.0 ** int(log10(low))
    while power <= high:
        yield from (power * m for m in (1, 2, 5) if low <= power * m <= high)
        power *= 10


def _tip(point: FrontPoint) -> str:
    return (
        f"trial {point.number} ({point.origin})\n{point.token:,.0f} cycles a token, "
        f"{point.prompt:,.0f} to the first\n{100 * point.share:.1f} % of the board: "
        f"{point.luts:,} LUT, {point.dsps:,} DSP, {point.block_ram:,} block RAM\n{point.engines}"
    )
