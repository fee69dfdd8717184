# SPDX-License-Identifier: Apache-2.0
"""``streamhw build --bitstream``: a build through Yosys, nextpnr and ecppack, and what came out."""

from pathlib import Path

from ..bitstream.flow import BITSTREAM_FILE, FOLDER, make_bitstream
from ..bitstream.placed import Placed
from ..boards.base import Board
from ..report.fitted_table import FittedTable, numbers, words
from .records.designs import BitstreamRecord, CellsUsed
from .show import Console, progress, show_file

__all__ = ["bitstream"]

SHOWN = 12
"""Longest parts of a path that are listed."""


def bitstream(folder: Path, board: Board, console: Console) -> Placed:
    """Makes the bitstream of a build, and prints its clocks, cells and longest path.

    Raises as ``make_bitstream`` does.
    """
    with progress(console) as shown:
        task = shown.add_task("bitstream", total=None, detail="")

        def on_line(step: str, line: str) -> None:
            shown.update(task, description=step, detail=line[:80])

        placed = make_bitstream(folder, on_line)
    console.print(_clocks(placed, board))
    console.print(_cells(placed))
    console.print(_path(placed))
    file = folder / FOLDER / BITSTREAM_FILE
    show_file(file, console)
    console.tell(_record(placed, file))
    return placed


def _record(placed: Placed, file: Path) -> BitstreamRecord:
    cells = {name: CellsUsed(used=n, available=of) for name, (n, of) in placed.cells.items()}
    return BitstreamRecord(
        file=str(file),
        bytes=file.stat().st_size,
        met=placed.met,
        clocks=placed.clocks,
        cells=cells,
        logic_ns=placed.logic,
        wires_ns=placed.wires,
    )


def _clocks(placed: Placed, board: Board) -> FittedTable:
    table = FittedTable(
        [*words("clock"), *numbers("MHz wanted", "MHz reached")],
        title=f"clocks on {board.title}, placed and routed",
    )
    for clock in placed.clocks:
        table.add_row(clock.name, f"{clock.wanted:.1f}", f"{clock.reached:.1f}")
    return table


def _cells(placed: Placed) -> FittedTable:
    table = FittedTable([*words("cell"), *numbers("used", "of", "share")], title="cells")
    for kind, (used, available) in placed.cells.items():
        table.add_row(kind, f"{used:,}", f"{available:,}", f"{used / max(1, available):.0%}")
    return table


def _path(placed: Placed) -> FittedTable:
    title = (
        f"longest path of the slowest clock: {placed.logic:.1f} ns in cells, {placed.wires:.1f} ns "
        "in wires"
    )
    table = FittedTable([*numbers("ns"), *words("what", "through")], title=title)
    kept = sorted(placed.path, key=lambda segment: -segment.ns)[:SHOWN]
    for segment in placed.path:
        if segment in kept:
            table.add_row(f"{segment.ns:.1f}", segment.kind, segment.through)
    return table
