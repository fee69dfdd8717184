# SPDX-License-Identifier: Apache-2.0
"""The table that ``streamhw synth`` ends with."""

from rich.table import Table

from ..compiler.cost import Cells
from .synthesise import Synthesis

__all__ = ["table"]

_KINDS = (("LUT", "luts"), ("FF", "ffs"), ("DSP", "dsps"), ("BRAM", "block_ram"),
          ("URAM", "ultra_ram"))  # fmt: skip


def table(synthesis: Synthesis) -> Table:
    """Parts with their cells, estimated / real, and the ratio of real to estimated LUTs and FFs."""
    shown = Table(
        title=f"{synthesis.model} on {synthesis.board}: cells, estimated / real",
        caption=f"{synthesis.tool}, {synthesis.seconds:,.0f} s; LUTs and FFs before placement",
    )
    shown.add_column("kernel")
    shown.add_column("what")
    for kind, _ in _KINDS:
        shown.add_column(kind, justify="right")
    shown.add_column("real/est LUT", justify="right")
    shown.add_column("FF", justify="right")
    last = synthesis.parts[-1].name if synthesis.parts else ""
    for part in synthesis.parts:
        shown.add_row(
            part.name,
            part.kind,
            *_row(part.estimated, part.real),
            end_section=part.name == last,
        )
    shown.add_row("total", "", *_row(synthesis.estimated, synthesis.real))
    budget = [synthesis.budget.get(field, 0) for _, field in _KINDS]
    used = [getattr(synthesis.real, field) for _, field in _KINDS]
    shown.add_row("board has", "", *(f"{have:,}" if have else "" for have in budget), "", "")
    shares = (f"{use / have:.0%}" if have else "" for use, have in zip(used, budget, strict=True))
    shown.add_row("used", "", *shares, "", "")
    return shown


def _row(estimated: Cells, real: Cells) -> tuple[str, ...]:
    pairs = [(getattr(estimated, field), getattr(real, field)) for _, field in _KINDS]
    counts = [f"{guess:,} / {true:,}" if guess or true else "" for guess, true in pairs]
    ratios = [f"{true / guess:.2f}" if guess else "" for guess, true in pairs[:2]]
    return (*counts, *ratios)
