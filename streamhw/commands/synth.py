# SPDX-License-Identifier: Apache-2.0
"""``streamhw synth``: Yosys' cell counts of a build, its longest paths and most loaded nets."""

from dataclasses import fields
from pathlib import Path

from ..report.fitted_table import FittedTable, numbers, words
from ..synthesis.loaded_nets import LARGE
from ..synthesis.synthesize import SYNTH_FILE, ModuleRow, Synthesis, synthesize
from .records.designs import PartRecord, SynthRecord
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
    """Synthesizes a build and prints the tables; writes ``synth.json`` into the folder."""
    with progress(console) as shown:
        task = shown.add_task("Yosys", total=None, detail="")

        def on_module(done: int, total: int, name: str) -> None:
            detail = f"{done} of {total} kinds of modules; {name}"
            shown.update(task, completed=done, total=total, detail=detail)

        found = synthesize(folder, on_module)
    _record(found, folder / SYNTH_FILE, console)
    console.print(_parts(found))
    if len(found.dies) > 1:
        console.print(_dies(found))
    console.print(_paths(found))
    console.print(_nets(found))
    console.print(f"Written to {folder / SYNTH_FILE}", soft_wrap=True)
    return found


def _record(found: Synthesis, file: Path, console: Console) -> None:
    for row in found.rows:
        console.tell(
            PartRecord(
                name=row.name, estimated=row.estimated, counted=row.counted, levels=row.levels
            )
        )
    console.tell(
        SynthRecord(
            model=found.model,
            board=found.board,
            family=found.family,
            clock_mhz=found.clock_mhz,
            estimated=found.total.estimated,
            counted=found.total.counted,
            rest=found.rest.counted,
            budget=found.budget,
            levels=found.total.levels,
            file=str(file),
        )
    )


def _parts(found: Synthesis) -> FittedTable:
    table = FittedTable(
        [
            *words("part"),
            *numbers("LUT"),
            *numbers("FF", keeps=2),
            *numbers("DSP", keeps=4),
            *numbers("BRAM", keeps=3),
            *numbers("URAM", keeps=1),
            *numbers("levels"),
        ],
        title=f"{found.model} on {found.board}: estimated / counted by Yosys",
    )
    for row in sorted(found.rows, key=lambda row: -row.counted.luts):
        if row.counted.luts + row.counted.ffs + row.counted.dsps > 0:
            table.add_row(row.name, *_pairs(row), str(row.levels))
    table.add_row(found.rest.name, *_pairs(found.rest), "", end_section=True)
    table.add_row("total", *_pairs(found.total), str(found.total.levels))
    table.add_row("board has", *(f"{getattr(found.budget, name):,}" for _, name in KINDS), "")
    table.caption = (
        f"{found.family}, logic synthesis only: nothing is placed. {found.kinds} kinds of modules "
        f"were mapped once each and counted as often as they are used ({found.instances} modules)"
    )
    return table


def _dies(found: Synthesis) -> FittedTable:
    table = FittedTable(
        [
            *words("die"),
            *numbers("LUT"),
            *numbers("FF", keeps=2),
            *numbers("DSP", "BRAM", keeps=3),
            *numbers("URAM", keeps=1),
        ],
        title="counted cells die by die, by the partition of the build",
    )
    for die in found.dies:
        cells = []
        for _, name in KINDS:
            used, have = getattr(die.counted, name), getattr(die.budget, name)
            cells.append(f"{used:,} ({used / have:.0%})" if have else f"{used:,}")
        table.add_row(die.name, *cells)
    return table


def _paths(found: Synthesis) -> FittedTable:
    table = FittedTable(
        [*numbers("levels", "modules"), *words("in"), *words("from", "to", keeps=1)],
        title="longest combinational paths, in levels of LUTs and carry chains",
    )
    for slow in found.slowest:
        path = slow.path
        table.add_row(str(path.levels), str(slow.instances), slow.module, path.begin, path.end)
    table.caption = (
        f"the longest of all: {found.longest.levels} levels. Paths go through the borders of "
        f"modules; wires are not in them. {found.clock_mhz:g} MHz is an assumption until the "
        "design is placed"
    )
    return table


def _nets(found: Synthesis) -> FittedTable:
    table = FittedTable(
        [
            *numbers("loads", "nets"),
            *words("driver", keeps=3),
            *words("net"),
            *words("in", keeps=2),
            *words("pins", keeps=1, running=True),
        ],
        title="nets with the most loads, clocks left out",
    )
    for row in found.nets.worst:
        pins = {pin.name: getattr(row.net.loads, pin.name) for pin in fields(row.net.loads)}
        shown = ", ".join(f"{count:,} {name}" for name, count in pins.items() if count)
        loads, count = f"{row.net.loads.total:,}", f"{row.net.bits * row.instances:,}"
        table.add_row(loads, count, row.net.driver.value, row.net.net, row.module, shown)
    large = ", ".join(f"{n:,} by {name}" for name, n in found.nets.large.items() if n)
    table.caption = (
        f"nets of {LARGE:,} loads and more in the whole design: {large or 'none'}. Loads are "
        "counted through the borders of modules; placement may duplicate registers"
    )
    return table


def _pairs(row: ModuleRow) -> tuple[str, ...]:
    def pair(name: str) -> str:
        estimated, counted = getattr(row.estimated, name), getattr(row.counted, name)
        return f"{estimated:,} / {counted:,}" if estimated or counted else ""

    return tuple(pair(name) for _, name in KINDS)
