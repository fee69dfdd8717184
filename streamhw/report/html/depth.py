# SPDX-License-Identifier: Apache-2.0
"""The formula of a FIFO's depth, and its drawing: beats written and beats read over cycles."""

from ...compiler.fifo import READ
from ..facts import FlowFacts
from .chart import keys
from .markup import Html, tag

__all__ = ["depth"]

WIDTH, HEIGHT, FOOT = 380.0, 110.0, 18.0


def depth(flow: FlowFacts) -> Html:
    """The cycles in which beats are written and read, and the depth that follows.

    Between the first and the last beat, cycles are drawn on straight lines.
    """
    lines = (
        f"beat i is written in cycle  w(i) = {_line(flow.written, flow.beats)}",
        f"and read in cycle           r(i) = {_line(flow.read, flow.beats)}",
        f"depth = min {{ d : w(i + d) >= r(i) + {READ:g} for all i }} = {flow.depth:,}",
    )
    return tag("div", tag("pre", "\n".join(lines), cls="formula"), _drawing(flow))


def _line(span: tuple[float, float], beats: int) -> str:
    first, last = span
    if beats < 2:
        return f"{first:,.0f}"
    return f"{first:,.0f} + {(last - first) / (beats - 1):,.2f} i"


def _drawing(flow: FlowFacts) -> Html:
    begin, end = min(flow.written[0], flow.read[0]), max(flow.written[1], flow.read[1])
    scale = (WIDTH - 8) / max(end - begin, 1.0)
    floor = HEIGHT - FOOT

    def path(span: tuple[float, float]) -> str:
        x, to = (4 + (cycle - begin) * scale for cycle in span)
        return f"M{x:.1f} {floor:.1f}L{to:.1f} 6"

    says = (
        f"{flow.beats:,} beats written in cycles {flow.written[0]:,.0f} to "
        f"{flow.written[1]:,.0f}, read in {flow.read[0]:,.0f} to {flow.read[1]:,.0f}"
    )
    svg = tag(
        "svg",
        tag("line", x1=0, x2=WIDTH, y1=floor, y2=floor, cls="axis"),
        tag("path", d=path(flow.written), cls="written"),
        tag("path", d=path(flow.read), cls="read"),
        tag("text", f"cycle {begin:,.0f}", x=4, y=HEIGHT - 4, cls="soft"),
        tag("text", f"{end:,.0f}", x=WIDTH - 4, y=HEIGHT - 4, cls="soft end"),
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        width=WIDTH,
        height=HEIGHT,
        role="img",
        aria_label=says,
    )
    key = keys(("written", "beats written"), ("read", "beats read: what lies between waits"))
    return tag("figure", svg, tag("figcaption", key))
