# SPDX-License-Identifier: Apache-2.0
"""Memory between the kernels of a layer: what is on chip, and what it would be without fusion."""

from ..facts import Facts
from .markup import Content, Html, percent, section, table, tag

__all__ = ["fusion"]

WIDTH = 1160.0


def fusion(facts: Facts) -> Html:
    """The section."""
    fused = facts.fusion
    original = sum(row.original for row in fused.values)
    kept = sum(row.on_chip for row in fused.values)
    rows: list[list[Content]] = [
        [
            row.value,
            row.original or None,
            row.converters or None,
            row.fifos or None,
            row.spilled or None,
            row.on_chip,
            percent(row.on_chip, row.original) if row.original else "",
        ]
        for row in sorted(fused.values, key=lambda row: (-row.on_chip, row.value))
    ]
    columns = ("value", "whole tensor#", "converters#", "FIFOs#", "to memory and back#",
               "on chip#", "of the tensor#")  # fmt: skip
    foot: list[Content] = ["all", original, *(
        sum(getattr(row, part) for row in fused.values)
        for part in ("converters", "fifos", "spilled", "on_chip")
    ), percent(kept, original)]  # fmt: skip
    groups = f"{len(fused.groups)} groups" if len(fused.groups) > 1 else "one group of all kernels"
    cuts = (
        f"{len(fused.cuts)} streams go through external memory ({fused.bytes:,} bytes a layer)"
        if fused.cuts
        else "no stream goes through external memory"
    )
    return section(
        "fusion",
        "Memory between kernels",
        f"{kept:,} bits on chip for the values of a layer: {percent(kept, original)} of the "
        f"{original:,} bits that its tensors take as wholes, for {fused.tokens} tokens at 8 bits "
        f"an element. The limit is {fused.limit:,} bits; {groups}, {cuts}.",
        _bars(original, kept),
        table(columns, rows, foot=foot),
        *(tag("p", f"Group {n + 1}: {', '.join(group)}", cls="says")
          for n, group in enumerate(fused.groups) if len(fused.groups) > 1),
    )  # fmt: skip


def _bars(original: int, kept: int) -> Html:
    most = max(original, kept, 1)
    parts = [
        part
        for y, bits, says, cls in (
            (4.0, original, "whole tensors", "fill-grey"),
            (30.0, kept, "on chip, fused", "fill-blue"),
        )
        for width in (max(1.0, bits / most * (WIDTH - 330)),)
        for part in (
            tag("text", says, x=110, y=y + 14, cls="end"),
            tag("rect", x=118, y=y, width=width, height=20, rx=2, cls=cls),
            tag("text", f"{bits:,} bits", x=124 + width, y=y + 14, cls="soft"),
        )
    ]
    return tag("div", tag("svg", *parts, viewBox=f"0 0 {WIDTH:.0f} 56"), cls="figure")
