# SPDX-License-Identifier: Apache-2.0
"""Where the cycles of a simulated step went: what bounds it, kernels, ports, times of beats."""

from ..bottleneck import bottleneck
from ..channels import COLUMNS
from ..kernel_cycles import KernelCycles
from ..profile import StepProfile, TaskTimes
from ..profile_tables import STATES, shown_times
from .chart import axis, keys
from .markup import Content, Html, opener, section, table, tag
from .shares import Share, bar

__all__ = ["profile", "states"]

WIDTH, LABEL, ROW = 1160.0, 240.0, 17.0
BAR = 260.0
FILLS = ("fill-teal", "fill-blue", "fill-amber", "fill-red", "fill-none")
"""Of each state, in the order of ``STATES``."""


def profile(made: StepProfile) -> Html:
    """The section."""
    found = bottleneck(made)
    legend = tag("p", keys(*zip(FILLS, STATES, strict=True)), cls="legend")
    ports: list[list[Content]] = [
        [name, *(show(use) for show in COLUMNS.values())] for name, use in made.ports.items()
    ]
    return section(
        "profile",
        "Where the cycles went",
        f"A simulated step of the token at position {made.position}, with the memory "
        f"{made.memory}.",
        tag("p", tag("b", found.says), " ", found.lift),
        legend,
        _kernels(made),
        table(("port", *(f"{name}#" for name in COLUMNS)), ports),
        tag("h3", "Beats given, in cycles of the step: above predicted, below measured"),
        _times(made),
    )


def _kernels(made: StepProfile) -> Html:
    rows: list[list[Content]] = []
    for kernel in made.kernels:
        shares = [kernel.share(count(kernel)) for count in STATES.values()]
        rows.append(
            [opener("part", kernel.name), bar(states(kernel), BAR), *(f"{s:.1%}" for s in shares)]
        )
    return table(("kernel", "of the step", *(f"{name}#" for name in STATES)), rows)


def states(kernel: KernelCycles) -> list[Share]:
    """What it did in the cycles of the step."""
    return [
        Share(name, count(kernel), fill)
        for (name, count), fill in zip(STATES.items(), FILLS, strict=True)
    ]


def _times(made: StepProfile) -> Html:
    shown = [times for times in shown_times(made) if times.measured is not None]
    right = WIDTH - 30  # half of the last number
    scale = (right - LABEL) / max(made.cycles, 1)
    height = 24 + ROW * len(shown)
    rows = []
    for number, times in enumerate(shown):
        y = 22 + ROW * number
        bars = []
        for span, cls, top in ((times.predicted, "take", 2.0), (times.measured, "give", 9.0)):
            left, end = (min(right, LABEL + cycle * scale) for cycle in span or (0, 0))
            width = max(1.5, end - left)
            bars.append(tag("rect", x=left, y=y + top, width=width, height=6, cls=cls))
        name = tag("text", times.task, x=LABEL - 8, y=y + 12, cls="end")
        rows.append(tag("g", name, *bars, data_tip=_tip(times)))
    lines = axis(0, made.cycles, LABEL, right, 16, height)
    svg = tag("svg", lines, *rows, viewBox=f"0 0 {WIDTH:.0f} {height + 4:.0f}")
    return tag("div", svg, cls="figure")


def _tip(times: TaskTimes) -> str:
    first, last = times.predicted
    begin, end = times.measured or (0, 0)
    return (
        f"{times.task}, {times.invocation}\npredicted {first:,.0f} to {last:,.0f}\n"
        f"measured {begin:,} to {end:,}"
    )
