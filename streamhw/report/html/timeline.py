# SPDX-License-Identifier: Apache-2.0
"""When each kernel works while one token is made: before the layers, in a layer, behind them."""

from collections.abc import Mapping, Sequence

from ...stream.control.scope import Scope
from ..facts import ActivityFacts, Facts, PartKind
from ..measured import Measured, StepTimes
from .chart import axis, keys
from .markup import Html, section, tag

__all__ = ["timeline"]

KINDS = (
    ("kernel", "kernel"),
    ("product", "product on a shared engine"),
    ("converter", "layout converter"),
)
WIDTH, ROW, LETTER = 1160.0, 17.0, 7.3


def timeline(facts: Facts, measured: Measured | None) -> Html:
    """The section; ``facts`` are of the step that was measured, if one was."""
    step = None if measured is None else measured.step
    groups: dict[str, list[ActivityFacts]] = {}
    for activity in facts.activities:
        groups.setdefault(activity.invocation, []).append(activity)
    # The second layer stands for all: the first may have waited for what is before it.
    shown = min(1, facts.layers - 1)
    end = max((a.output[1] for a in facts.activities), default=0.0)
    figures = [tag("h3", f"Whole step: {end:,.0f} cycles"), _overview(groups, end)]
    for name, group in groups.items():
        if group[0].layer in (None, shown):
            begin = min(a.input[0] for a in group)
            last = max(a.output[1] for a in group)
            title = f"{name.capitalize()}: cycles {begin:,.0f} to {last:,.0f} of the step"
            figures += [
                tag("h3", title),
                _gantt(group, begin, last, facts, _seen(group[0], facts, step)),
            ]
    seen = (("seen", "output taken, measured"),) if step else ()
    legend = tag("p", keys(*KINDS, *seen), "light: takes its input, dark: gives its output",
                 cls="legend")  # fmt: skip
    return section(
        "timeline",
        "Timeline of a token",
        f"Predicted by the kernels' own timing formulas for the token at position "
        f"{facts.position}, in cycles.{_comparison(measured)}",
        legend,
        *figures,
    )


def _comparison(measured: Measured | None) -> str:
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


def _seen(
    activity: ActivityFacts, facts: Facts, step: StepTimes | None
) -> dict[str, tuple[int, int]]:
    """By task, in the invocation of one: cycles of the first and the last beat that its first
    reader takes, as measured."""
    found: dict[str, tuple[int, int]] = {}
    place = activity.layer or 0
    for stream in facts.streams if step is not None else ():
        spans = step.passed.get(stream.name, ()) if step is not None else ()
        if stream.scope is not activity.scope or place >= len(spans):
            continue
        task = stream.source_port.context or stream.source.instance
        found[task] = min(found.get(task, spans[place]), spans[place], key=lambda span: span[1])
    return found


def _overview(groups: dict[str, list[ActivityFacts]], end: float) -> Html:
    """One bar from the first input to the last output of each invocation."""
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
                cls="product" if group[0].scope is not Scope.BODY else None,
                data_tip=f"{name}\ncycles {begin:,.0f} to {last:,.0f}: {last - begin:,.0f}",
            )
        )
    svg = tag("svg", axis(0, end, 0, WIDTH, 16, 60), *bars, viewBox=f"-12 0 {WIDTH + 40:.0f} 64")
    return tag("div", svg, cls="figure")


def _gantt(
    activities: Sequence[ActivityFacts],
    begin: float,
    last: float,
    facts: Facts,
    seen: Mapping[str, tuple[int, int]],
) -> Html:
    right = WIDTH - 30  # half of the last number
    label = max(240.0, 16 + LETTER * max(len(activity.task) for activity in activities))
    scale = (right - label) / max(last - begin, 1.0)
    height = 24 + ROW * len(activities)
    rows = []
    for number, activity in enumerate(activities):
        y = 22 + ROW * number
        part = facts.part(activity.resource)
        kinds = {PartKind.ENGINE: "product", PartKind.CONVERTER: "converter"}
        kind = None if part is None else kinds.get(part.kind)
        bars = []
        for (start, stop), cls, top, tall in (
            (activity.input, "take", 2.0, 12.0),
            (activity.output, "give", 5.0, 6.0),
        ):
            x = label + (start - begin) * scale
            width = max(1.5, (stop - start) * scale)
            bars.append(tag("rect", x=x, y=y + top, width=width, height=tall, rx=1.5, cls=cls))
        if (span := seen.get(activity.task)) is not None:
            left, end = (min(right, max(label, label + (cycle - begin) * scale)) for cycle in span)
            path = f"M{left:.1f} {y + 1:.1f}v14M{left:.1f} {y + 8:.1f}H{max(end, left + 1):.1f}"
            bars.append(tag("path", d=f"{path}m0 -7v14", cls="seen"))
        rows.append(
            tag(
                "g",
                tag("text", activity.task, x=label - 8, y=y + 12, cls="end"),
                *bars,
                cls=kind,
                data_tip=_tip(activity, begin, span),
            )
        )
    lines = axis(0, last - begin, label, right, 16, height)
    svg = tag("svg", lines, *rows, viewBox=f"0 0 {WIDTH:.0f} {height + 4:.0f}")
    return tag("div", svg, cls="figure")


def _tip(activity: ActivityFacts, begin: float, seen: tuple[int, int] | None) -> str:
    (a, b), (c, d) = activity.input, activity.output
    at = "" if activity.resource == activity.task else f" on {activity.resource}"
    measured = ""
    if seen is not None:
        measured = f"\nmeasured {seen[0] - begin:,.0f} to {seen[1] - begin:,.0f}"
    return (
        f"{activity.task}{at}\ntakes {a - begin:,.0f} to {b - begin:,.0f}\n"
        f"gives {c - begin:,.0f} to {d - begin:,.0f}{measured}"
    )
