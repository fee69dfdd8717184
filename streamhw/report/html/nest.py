# SPDX-License-Identifier: Apache-2.0
"""The type of a stream, drawn: its loop nest, and the order of its first beats."""

from ...stream.itensor.itensor import ITensor, Loop, Symbol
from .boxes import short_type
from .markup import Html, number, tag

__all__ = ["first_offsets", "nest"]

SHOWN = 16
"""Beats whose order is drawn."""
CELL, LINE = 26.0, 20.0
"""Pixels of a tile."""


def nest(kind: ITensor, title: str, differs: int | None = None) -> Html:
    """The loops, each within the one around it, down to a beat.

    title: what the type is of; differs: the loop, if any, in which another type parts from it
    """
    inner = tag("div", f"a beat: {short_type(kind)} = {kind.beat_bits:,} bits", cls="beat")
    for place, loop in reversed(list(enumerate(kind.loops))):
        cls = "loop differs" if place == differs else "loop"
        inner = tag("div", tag("div", *_head(loop)), inner, cls=cls)
    shape = " \N{MULTIPLICATION SIGN} ".join(f"{size:,}" for size in kind.tensor_shape())
    text = tag("code", str(kind))
    return tag(
        "div",
        tag("h4", title),
        tag("div", inner, cls="nest"),
        tag("p", f"{kind.beats():,} beats at most, of a tensor of {shape}. In one line: ", text),
        _order(kind) if kind.rank <= 2 and kind.loops else None,
        cls="type",
    )


def first_offsets(kind: ITensor, count: int = SHOWN) -> list[tuple[int, ...]]:
    """Offsets of the tiles of the first beats, with symbols at their bounds."""
    found = []
    for beat in range(min(count, kind.beats())):
        offset = [0] * kind.rank
        rest = beat
        for loop in reversed(kind.loops):
            rest, turn = divmod(rest, loop.bound)
            if loop.dim is not None:
                offset[loop.dim] += turn * loop.step
        found.append(tuple(offset))
    return found


def _head(loop: Loop) -> tuple[Html | str, ...]:
    trips = loop.trip
    if isinstance(trips, Symbol):
        of = trips.name if trips.per == 1 else f"{trips.name} by {trips.per}"
        often = f"{of}, at most {trips.bound:,}"
    else:
        often = f"{trips:,} times"
    moves = "the same again" if loop.dim is None else f"d{loop.dim} += {loop.step:,}"
    return "for ", tag("b", often), tag("span", moves, cls="moves")


def _order(kind: ITensor) -> Html:
    """Tiles of the first beats in their places, each with the number of the beat that is there
    first."""
    offsets = [(0, *at)[-2:] for at in first_offsets(kind)]
    rows, columns = (sorted({at[axis] for at in offsets}) for axis in (0, 1))
    first: dict[tuple[int, int], int] = {}
    for beat, at in enumerate(offsets):
        first.setdefault((rows.index(at[0]), columns.index(at[1])), beat)
    cells = []
    for (row, column), beat in first.items():
        x, y = column * CELL, row * LINE
        cells.append(tag("rect", x=x + 1, y=y + 1, width=CELL - 2, height=LINE - 2, rx=3))
        cells.append(tag("text", str(beat), x=x + CELL / 2, y=y + 14, cls="mid"))
    width, height = len(columns) * CELL, len(rows) * LINE
    again = len(offsets) - len(first)
    says = f"Tiles of the first {len(offsets)} beats, across d{kind.rank - 1}"
    says += f", down d{kind.rank - 2}" if kind.rank > 1 else ""
    says += f"; {again} of them are a tile that was there before" if again else ""
    svg = tag("svg", *cells, viewBox=f"0 0 {number(width)} {number(height)}", width=width,
              height=height, cls="order", role="img", aria_label=says)  # fmt: skip
    return tag("figure", svg, tag("figcaption", says))
