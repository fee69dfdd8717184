# SPDX-License-Identifier: Apache-2.0
"""The tables that a build ends with."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console

from ..compiler.ir.levels import Dataflow
from ..compiler.resources.fpga_cells import Cells
from ..stream.converter.spec import ConverterSpec
from .fitted_table import FittedTable, TableColumn, numbers, words
from .summary import Summary

__all__ = ["converter_table", "print_summary"]

SMALL = 0.01
"""Share of the LUTs below which kinds of infrastructure have no row of their own."""


def print_summary(summary: Summary, console: Console) -> None:
    """Kernels, FIFOs, cells against the budget, and predicted cycles."""
    console.print(_kernels(summary))
    console.print(_fifos(summary))
    if len(summary.ports) > 1:
        console.print(_ports(summary))
    if len(summary.dies) > 1:
        console.print(_dies(summary))
    console.print(_cycles(summary))


def converter_table(design: Dataflow) -> FittedTable:
    """Converters of a design: bits beside those of two blocks and of the peak live elements."""
    table = FittedTable(
        [
            *words("converter"),
            *words("kind", "block", keeps=1),
            *numbers("bits"),
            *numbers("ping-pong", "peak live", keeps=2),
            *numbers("/ ping-pong", "/ peak live", keeps=3),
        ],
        title=f"{design.graph.name} on {design.board.name}: layout converters",
    )
    parts = [(i.name, i.part) for i in design.instances if isinstance(i.part, ConverterSpec)]

    def figures(bits: int, two: int, least: int) -> tuple[str, ...]:
        return f"{bits:,}", f"{two:,}", f"{least:,}", f"{bits / two:.3f}", f"{bits / least:.3f}"

    for name, part in parts:
        block = "x".join(map(str, part.plan.block))
        table.add_row(
            name,
            part.kind.value,
            block,
            *figures(part.bits, part.ping_pong_bits, part.bound_bits),
            end_section=name == parts[-1][0],
        )
    if parts:
        table.add_row(
            f"{len(parts)} converters",
            "",
            "",
            *figures(
                sum(part.bits for _, part in parts),
                sum(part.ping_pong_bits for _, part in parts),
                sum(part.bound_bits for _, part in parts),
            ),
        )
    table.caption = "tables of addresses count as bits; queues behind the memory do not"
    return table


def _kernels(summary: Summary) -> FittedTable:
    table = FittedTable(
        [
            *words("part"),
            *words("what", keeps=1),
            *numbers("interval", keeps=9),
            *numbers("latency", keeps=2),
            *numbers("MAC/cycle", keeps=3),
            *numbers("buffer bits", keeps=4),
            *numbers("LUT"),
            *numbers("FF", keeps=6),
            *numbers("DSP", keeps=8),
            *numbers("BRAM", keeps=7),
            *numbers("URAM", keeps=5),
        ],
        title=f"{summary.model} on {summary.board}, {summary.quantization}: kernels",
        caption=f"cycles of one layer with {summary.token_batch} tokens at the end of the context",
    )
    kernels = [row for row in summary.kernels if row.computes]
    for row in kernels:
        table.add_row(
            row.name,
            row.kind,
            f"{row.interval:,}",
            f"{row.latency:,}",
            f"{row.macs:,}" if row.macs else "",
            f"{row.buffer_bits:,}",
            *_cells(row.cells),
            end_section=row is kernels[-1],
        )
    for name, what, cells in _infrastructure(summary):
        table.add_row(name, what, "", "", "", f"{cells.memory_bits:,}", *_cells(cells))
    table.add_row("queues", "FIFO", "", "", "", f"{summary.queues.memory_bits:,}",
                  *_cells(summary.queues), end_section=True)  # fmt: skip
    table.add_row("estimated total", "", "", "", "", f"{summary.total.memory_bits:,}",
                  *_cells(summary.total))  # fmt: skip
    budget = summary.budget
    table.add_row("board has", "", "", "", "", "", *(
        f"{budget[kind]:,}" for kind in ("luts", "ffs", "dsps", "block_ram", "ultra_ram")
    ))  # fmt: skip
    return table


def _infrastructure(summary: Summary) -> Iterator[tuple[str, str, Cells]]:
    """What computes nothing, kind by kind, the largest first: how many there are, the kind, and
    their cells. Kinds that are hardly seen are summed."""
    count: Counter[str] = Counter()
    cells: dict[str, Cells] = {}
    for row in summary.kernels:
        if not row.computes:
            count[row.kind] += 1
            cells[row.kind] = cells.get(row.kind, Cells()) + row.cells
    least = SMALL * summary.total.luts
    large = [kind for kind in cells if cells[kind].luts >= least]
    for kind in sorted(large, key=lambda kind: (-cells[kind].luts, kind)):
        yield f"{count[kind]} x {kind}", "infrastructure", cells[kind]
    small = [kind for kind in cells if kind not in large]
    if small:
        rest = sum((cells[kind] for kind in small), Cells())
        yield f"{sum(count[kind] for kind in small)} others", "infrastructure", rest


def _cells(cells: Cells) -> tuple[str, ...]:
    counts = (cells.luts, cells.ffs, cells.dsps, cells.block_ram, cells.ultra_ram)
    return tuple(f"{count:,}" if count else "" for count in counts)


def _fifos(summary: Summary) -> FittedTable:
    deep = [row for row in summary.fifos if row.binding]
    rest = [row for row in summary.fifos if not row.binding]
    table = FittedTable(
        [*words("stream"), *numbers("depth", "bits", "first beat waits"), *words("type", keeps=1)],
        title="FIFOs deeper than the minimum, by the linear program",
    )
    for row in sorted(deep, key=lambda row: -row.depth * row.width):
        table.add_row(
            row.name, f"{row.depth:,}", f"{row.depth * row.width:,}", f"{row.delay:,.0f}", row.type
        )
    bits = sum(row.depth * row.width for row in rest)
    table.add_row(f"{len(rest)} others", "", f"{bits:,}", "", "")
    return table


def _ports(summary: Summary) -> FittedTable:
    table = FittedTable(
        [*words("port"), *numbers("cycles a step"), *words("DMAs of", running=True)],
        title="Memory ports",
        caption=f"{summary.token_batch} tokens at the end of the context",
    )
    for row in summary.ports:
        table.add_row(row.name, f"{row.cycles:,.0f}", ", ".join(row.clients))
    return table


def _dies(summary: Summary) -> FittedTable:
    table = FittedTable(
        [*words("die"), *numbers("parts", "LUT", "FF", "DSP", "BRAM", "URAM")],
        title="Dies: share of each budget",
        caption=f"{summary.crossing_bits:,} wires over all boundaries between dies",
    )
    kinds = ("luts", "ffs", "dsps", "block_ram", "ultra_ram")
    for row in summary.dies:
        shares = [(getattr(row.cells, kind), row.budget[kind]) for kind in kinds]
        name = f"{row.name}, memory" if row.memory else row.name
        table.add_row(name, f"{row.parts}", *(f"{n / have:.1%}" if n else "" for n, have in shares))
    return table


def _cycles(summary: Summary) -> FittedTable:
    table = FittedTable(
        [TableColumn(""), *numbers("cycles", f"ms at {summary.clock_mhz:g} MHz")],
        title="Predicted cycles",
    )
    per_ms = summary.clock_mhz * 1e3
    for at, cycles in summary.token_cycles.items():
        table.add_row(f"a token at position {at}", f"{cycles:,.0f}", f"{cycles / per_ms:,.3f}")
    for length, cycles in summary.prompt_cycles.items():
        table.add_row(
            f"first token after a prompt of {length}", f"{cycles:,.0f}", f"{cycles / per_ms:,.3f}"
        )
    table.caption = (
        f"{summary.parameter_bytes_per_step:,} bytes of parameters a step, "
        f"{summary.memory_bytes:,} bytes of memory in all; the clock is an assumption"
    )
    if padding := str(summary.padding):
        table.caption += f"; rows are padded with zeros to what kernels take: {padding}"
    return table
