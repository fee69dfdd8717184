# SPDX-License-Identifier: Apache-2.0
"""``streamhw synth``: Yosys' cell counts of a build, beside the estimates."""

from pathlib import Path

from rich.table import Table

from ..boards.base import load_board
from ..synthesis.synthesise import SYNTH_FILE, Row, Synthesis, synthesise
from .show import Console, progress

__all__ = ["synth"]

KINDS = (
    ("LUT", "luts"),
    ("FF", "ffs"),
    ("DSP", "dsps"),
    ("BRAM", "block_ram"),
    ("URAM", "ultra_ram"),
)


def synth(folder: Path, console: Console) -> Synthesis:
    """Synthesises a build and prints the table; writes ``synth.json`` into the folder."""
    with progress(console) as shown:
        shown.add_task("Yosys", total=None, detail="some minutes")
        found = synthesise(folder)
    table = Table(title=f"{found.model} on {found.board}: estimated / counted by Yosys")
    table.add_column("part")
    for title, _ in KINDS:
        table.add_column(title, justify="right")
    for row in sorted(found.rows, key=lambda row: -row.counted.luts):
        if row.counted.luts + row.counted.ffs + row.counted.dsps > 0:
            table.add_row(row.name, *_pairs(row))
    table.add_row(found.rest.name, *_pairs(found.rest), end_section=True)
    table.add_row("total", *_pairs(found.total))
    budget = load_board(found.board).budget
    table.add_row("board has", *(f"{getattr(budget, name):,}" for _, name in KINDS))
    table.caption = f"{found.family}, logic synthesis only: nothing is placed"
    console.print(table)
    console.print(f"Written to {folder / SYNTH_FILE}")
    return found


def _pairs(row: Row) -> tuple[str, ...]:
    def pair(name: str) -> str:
        estimated, counted = getattr(row.estimated, name), getattr(row.counted, name)
        return f"{estimated:,} / {counted:,}" if estimated or counted else ""

    return tuple(pair(name) for _, name in KINDS)
