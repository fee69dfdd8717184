# SPDX-License-Identifier: Apache-2.0
"""When each kernel works while one token is made: before the layers, in a layer, behind them."""

from collections.abc import Sequence

from ..facts import ActivityFacts, Facts
from ..measured import Measured
from .chart import axis
from .markup import Html, join, section, tag

__all__ = ["timeline"]

WIDTH, LABEL, ROW = 1160.0, 240.0, 17.0


def timeline(facts: Facts, measured: Measured | None) -> Html:
    """The section."""
    groups: dict[str, list[ActivityFacts]] = {}
    for activity in facts.activities:
        groups.setdefault(activity.activation, []).append(activity)
    layers = [name for name in groups if name.startswith("layer")]
    shown = layers[min(1, len(layers) - 1)] if layers else ""
    end = max((a.output[1] for a in facts.activities), default=0.0)
    figures = [tag("h3", f"Whole step: {end:,.0f} cycles"), _overview(groups, end)]
    for name in groups:
        if name == shown or name not in layers:
            begin = min(a.input[0] for a in groups[name])
            last = max(a.output[1] for a in groups[name])
            title = f"{name.capitalize()}: cycles {begin:,.0f} to {last:,.0f} of the step"
            figures += [tag("h3", title), _gantt(groups[name], begin, last, facts)]
    legend = tag("p", *(
        join((tag("span", "", cls=f"key {cls}"), f" {says} "))
        for cls, says in (("kernel", "kernel"), ("product", "product on a shared engine"),
                          ("converter", "layout converter"))
    ), "; light: takes its input, dark: gives its output", cls="legend")  # fmt: skip
    return section(
        "timeline",
        "Timeline of a token",
        f"Predicted by the kernels' own timing formulas for the token at position "
        f"{facts.position}, in cycles.{_comparison(facts, measured, end)}",
        legend,
        *figures,
    )


def _comparison(facts: Facts, measured: Measured | None, end: float) -> str:
    if measured is None or not measured.token_cycles:
        return " A run with --check adds measured cycles."
    first, *later = measured.token_cycles
    text = f" Measured in a run after a prompt of {measured.prompt} tokens: {first:,} cycles"
    text += " to the first token"
    if later:
        text += f", then {sum(later) / len(later):,.0f} a token"
    if measured.predicted_cycles:
        share = measured.predicted_cycles / sum(measured.token_cycles) - 1
        text += f"; predicted for that run in all {measured.predicted_cycles:,.0f} ({share:+.1%})"
    return text + "."


def _overview(groups: dict[str, list[ActivityFacts]], end: float) -> Html:
    """One bar from the first input to the last output of each activation."""
    scale = WIDTH / max(end, 1.0)
    bars = []
    for name, group in groups.items():
        begin, last = min(a.input[0] for a in group), max(a.output[1] for a in group)
        row = list(groups).index(name) % 2
        width = max(1.0, (last - begin) * scale)
        y = 22.0 + 19 * row
        bars.append(
            tag(
                "g",
                tag("rect", x=begin * scale, y=y, width=width, height=16, rx=2, cls="take"),
                tag("text", name, x=begin * scale + 4, y=y + 12) if width > 46 else None,
                cls=None if name.startswith("layer") else "product",
                data_tip=f"{name}\ncycles {begin:,.0f} to {last:,.0f}: {last - begin:,.0f}",
            )
        )
    svg = tag("svg", axis(0, end, 0, WIDTH, 16, 60), *bars, viewBox=f"-12 0 {WIDTH + 40:.0f} 64")
    return tag("div", svg, cls="figure")


def _gantt(activities: Sequence[ActivityFacts], begin: float, last: float, facts: Facts) -> Html:
    right = WIDTH - 10
    scale = (right - LABEL) / max(last - begin, 1.0)
    height = 24 + ROW * len(activities)
    rows = []
    for number, activity in enumerate(activities):
        y = 22 + ROW * number
        part = facts.part(activity.resource)
        kind = "converter" if part is not None and part.converter is not None else None
        if activity.resource in facts.engines:
            kind = "product"
        bars = []
        for (start, stop), cls, top, tall in (
            (activity.input, "take", 2.0, 12.0),
            (activity.output, "give", 5.0, 6.0),
        ):
            x = LABEL + (start - begin) * scale
            width = max(1.5, (stop - start) * scale)
            bars.append(tag("rect", x=x, y=y + top, width=width, height=tall, rx=1.5, cls=cls))
        rows.append(
            tag(
                "g",
                tag("text", activity.task, x=LABEL - 8, y=y + 12, cls="end"),
                *bars,
                cls=kind,
                data_tip=_tip(activity, begin),
            )
        )
    lines = axis(0, last - begin, LABEL, right, 16, height)
    svg = tag("svg", lines, *rows, viewBox=f"0 0 {WIDTH:.0f} {height + 4:.0f}")
    return tag("div", svg, cls="figure")


def _tip(activity: ActivityFacts, begin: float) -> str:
    (a, b), (c, d) = activity.input, activity.output
    at = "" if activity.resource == activity.task else f" on {activity.resource}"
    return (
        f"{activity.task}{at}\ntakes {a - begin:,.0f} to {b - begin:,.0f}\n"
        f"gives {c - begin:,.0f} to {d - begin:,.0f}"
    )
