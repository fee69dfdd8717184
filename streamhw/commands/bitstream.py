# SPDX-License-Identifier: Apache-2.0
"""``streamhw build --bitstream``: a build through Yosys, nextpnr and ecppack, and what came out."""

from pathlib import Path

from rich.table import Table

from ..bitstream.flow import BITSTREAM_FILE, FOLDER, make_bitstream
from ..bitstream.placed import Placed
from ..boards.base import Board
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
    show_file(folder / FOLDER / BITSTREAM_FILE, console)
    return placed


def _clocks(placed: Placed, board: Board) -> Table:
    table = Table(title=f"clocks on {board.title}, placed and routed", title_justify="left")
    for column in ("clock", "MHz wanted", "MHz reached"):
        table.add_column(column, justify="left" if column == "clock" else "right")
    for clock in placed.clocks:
        table.add_row(clock.name, f"{clock.wanted:.1f}", f"{clock.reached:.1f}")
    return table


def _cells(placed: Placed) -> Table:
    table = Table(title="cells", title_justify="left")
    for column in ("cell", "used", "of", "share"):
        table.add_column(column, justify="left" if column == "cell" else "right")
    for kind, (used, available) in placed.cells.items():
        table.add_row(kind, f"{used:,}", f"{available:,}", f"{used / max(1, available):.0%}")
    return table


def _path(placed: Placed) -> Table:
    title = (
        f"longest path of the slowest clock: {placed.logic:.1f} ns in cells, {placed.wires:.1f} ns "
        "in wires"
    )
    table = Table(title=title, title_justify="left")
    for column in ("ns", "what", "through"):
        table.add_column(column, justify="right" if column == "ns" else "left", overflow="fold")
    kept = sorted(placed.path, key=lambda segment: -segment.ns)[:SHOWN]
    for segment in placed.path:
        if segment in kept:
            table.add_row(f"{segment.ns:.1f}", segment.kind, segment.through)
    return table
