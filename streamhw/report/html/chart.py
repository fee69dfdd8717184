# SPDX-License-Identifier: Apache-2.0
"""What several figures share: an axis of round numbers, a meter, keys of colours."""

from collections.abc import Iterator
from math import floor, log10

from .markup import Html, join, tag

__all__ = ["axis", "keys", "meter", "ticks"]


def ticks(low: float, high: float, wanted: int = 8) -> list[float]:
    """Round numbers from ``low`` to ``high``, about ``wanted`` of them."""
    span = max(high - low, 1e-9)
    step = 10.0 ** floor(log10(span / wanted))
    step = next(step * m for m in (1, 2, 5, 10) if span / (step * m) <= wanted)
    first = -(-low // step)
    return [round((first + i) * step, 10) for i in range(int((high - first * step) // step) + 1)]


def axis(low: float, high: float, left: float, right: float, top: float, bottom: float) -> Html:
    """Vertical grid lines with their numbers above them."""

    def parts() -> Iterator[Html]:
        for value in ticks(low, high):
            x = left + (value - low) / max(high - low, 1e-9) * (right - left)
            yield tag("line", x1=x, x2=x, y1=top, y2=bottom, cls="grid")
            yield tag("text", f"{value:,.0f}", x=x, y=top - 5, cls="soft mid")

    return tag("g", *parts())


def keys(*pairs: tuple[str, str]) -> Html:
    """Classes of colours or lines with what each stands for; a key stays beside its words."""
    return join(
        tag("span", tag("span", "", cls=f"key {cls}"), f" {says}", cls="keyed")
        for cls, says in pairs
    )


def meter(part: float, whole: float) -> Html:
    """A bar that is full at ``whole``, red beyond."""
    share = part / whole if whole else 0.0
    fill = tag("i", "", style=f"width:{min(100.0, 100 * share):.1f}%",
               cls="over" if share > 1 else None)  # fmt: skip
    return tag("span", fill, cls="meter", title=f"{100 * share:.1f} %")
