# SPDX-License-Identifier: Apache-2.0
"""A bar of shares, one behind the other, with what each colour stands for."""

from collections.abc import Sequence
from dataclasses import dataclass

from .chart import keys
from .markup import Html, tag

__all__ = ["Share", "bar", "shares"]


@dataclass(frozen=True)
class Share:
    """Some cycles of all; fill: the class of its colour."""

    name: str
    cycles: float
    fill: str


def bar(parts: Sequence[Share], width: float) -> Html:
    """Only the bar, ``width`` pixels long."""
    whole = sum(part.cycles for part in parts) or 1.0
    drawn, x = [], 0.0
    for part in parts:
        wide = part.cycles / whole * width
        if wide:
            drawn.append(tag("rect", x=x, y=0, width=wide, height=10, cls=part.fill))
        x += wide
    says = ", ".join(f"{part.name} {part.cycles / whole:.1%}" for part in parts)
    return tag("svg", *drawn, viewBox=f"0 0 {width:.0f} 10", width=width, height=10, role="img",
               aria_label=says)  # fmt: skip


def shares(parts: Sequence[Share]) -> Html:
    """The bar above its shares in words."""
    whole = sum(part.cycles for part in parts) or 1.0
    words = keys(*((part.fill, f"{part.name} {part.cycles / whole:.1%}") for part in parts))
    return tag("div", bar(parts, 380.0), tag("p", words, cls="legend"), cls="shares")
