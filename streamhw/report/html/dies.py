# SPDX-License-Identifier: Apache-2.0
"""The die map: what is on each die, and how much crosses between them."""

from collections.abc import Iterator

from ..facts import Facts, PartKind
from ..summary import DieRow, KernelRow, Summary
from .chart import meter
from .markup import Content, Html, code, percent, section, table, tag
from .resources import KINDS

__all__ = ["dies"]

WIDTH, HEIGHT, GAP = 1160.0, 64.0, 34.0
NARROW = 16.0
"""Pixels of the narrowest part that is drawn on its own."""
LETTER = 7.4
"""Pixels of a character, of a wide font."""


def dies(facts: Facts, summary: Summary) -> Html:
    """The section."""
    stack = list(reversed(summary.dies))
    crossing = [stream for stream in facts.streams if stream.dies is not None]
    says = "All parts are on one die." if len(stack) == 1 else (
        f"{len(crossing)} streams cross between dies, each through register slices; all boundaries "
        f"together have {summary.crossing_bits:,} wires."
    )  # fmt: skip
    rows: list[list[Content]] = [
        [die.name, name, getattr(die.cells, cells), have, percent(getattr(die.cells, cells), have),
         meter(getattr(die.cells, cells), have)]
        for die in stack
        for name, cells in KINDS
        if (have := die.budget.get(cells, 0))
    ]  # fmt: skip
    content = [
        tag("div", tag("svg", *_map(stack, facts, summary), viewBox=_box(stack)), cls="figure"),
        table(("die", "cells", "used#", "of#", "share#", ""), rows),
    ]
    if crossing:
        streams: list[list[Content]] = [
            [code(s.name), s.bits, *(s.dies or ("", ""))] for s in crossing
        ]
        content.append(table(("crossing stream", "bits#", "from", "to"), streams))
    how = " A part is as wide as its share of the die's LUTs."
    return section("dies", "Die map", says + how, *content)


def _box(stack: list[DieRow]) -> str:
    return f"0 0 {WIDTH:.0f} {len(stack) * (HEIGHT + GAP):.0f}"


def _map(stack: list[DieRow], facts: Facts, summary: Summary) -> Iterator[Html]:
    for number, die in enumerate(stack):
        top = number * (HEIGHT + GAP) + 18
        memory = ", external memory" if die.memory else ""
        have = die.budget.get("luts", 0)
        share = percent(die.cells.luts, have)
        says = f"{die.name}{memory}: {die.parts} parts, {share} of its LUTs"
        yield tag("text", says, x=0, y=top - 5, cls="soft")
        rows = [row for row in summary.kernels if row.dies[-1:] == (die.name,)]
        yield from _strip(sorted(rows, key=lambda row: (-row.cells.luts, row.name)), top, facts)
        if number + 1 < len(stack):
            pair = {die.name, stack[number + 1].name}
            bits = sum(s.bits for s in facts.streams if s.dies and set(s.dies) == pair)
            yield tag("text", f"\N{UP DOWN ARROW} {bits:,} bits of streams between these two",
                      x=WIDTH, y=top + HEIGHT + 12, cls="soft end")  # fmt: skip


def _strip(rows: list[KernelRow], top: float, facts: Facts) -> Iterator[Html]:
    total = sum(row.cells.luts for row in rows) or 1
    x = 0.0
    small = [row for row in rows if row.cells.luts / total * WIDTH < NARROW]
    for row in rows:
        if row in small:
            continue
        width = row.cells.luts / total * WIDTH
        yield _cell(row.name, _kind(row, facts), x, top, width, _tip(row))
        x += width
    if small:
        says = "\n".join(f"{row.name} {row.cells.luts:,} LUT" for row in small[:24])
        more = f"\nand {len(small) - 24} more" if len(small) > 24 else ""
        yield _cell(f"{len(small)} others", "outside", x, top, WIDTH - x, says + more)


def _cell(name: str, kind: str | None, x: float, top: float, width: float, says: str) -> Html:
    # A name that does not fit is told by the tip alone.
    fits = len(name) * LETTER + 10 <= width
    return tag(
        "g",
        tag("rect", x=x, y=top, width=max(0.5, width - 1), height=HEIGHT, rx=2, cls="take"),
        tag("text", name, x=x + 5, y=top + HEIGHT / 2 + 4) if fits else None,
        cls=kind,
        data_tip=says,
    )


def _kind(row: KernelRow, facts: Facts) -> str | None:
    part = facts.part(row.name)
    kinds = {PartKind.ENGINE: "product", PartKind.CONVERTER: "converter"}
    return None if part is None else kinds.get(part.kind)


def _tip(row: KernelRow) -> str:
    cells = (f"{getattr(row.cells, field):,} {name}" for name, field in KINDS)
    return f"{row.name}\n{row.kind}\n" + ", ".join(cells)
