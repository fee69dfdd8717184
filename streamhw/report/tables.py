# SPDX-License-Identifier: Apache-2.0
"""The tables that a build ends with."""

from rich.console import Console
from rich.table import Table

from ..compiler.ir.levels import Dataflow
from ..compiler.resources.fpga_cells import Cells
from ..stream.converter.spec import ConverterSpec
from .summary import Summary

__all__ = ["converter_table", "print_summary"]


def print_summary(summary: Summary, console: Console) -> None:
    """Kernels, FIFOs, cells against the budget, and predicted cycles."""
    console.print(_kernels(summary))
    console.print(_fifos(summary))
    if len(summary.ports) > 1:
        console.print(_ports(summary))
    if len(summary.dies) > 1:
        console.print(_dies(summary))
    console.print(_cycles(summary))


def converter_table(design: Dataflow) -> Table:
    """Converters of a design: bits beside those of two blocks and of the peak live elements."""
    table = Table(title=f"{design.graph.name} on {design.board.name}: layout converters")
    for name in ("converter", "kind", "block"):
        table.add_column(name)
    for name in ("bits", "ping-pong", "peak live", "/ ping-pong", "/ peak live"):
        table.add_column(name, justify="right")
    parts = [(i.name, i.part) for i in design.instances if isinstance(i.part, ConverterSpec)]

    def numbers(bits: int, two: int, least: int) -> tuple[str, ...]:
        return f"{bits:,}", f"{two:,}", f"{least:,}", f"{bits / two:.3f}", f"{bits / least:.3f}"

    for name, part in parts:
        block = "x".join(map(str, part.plan.block))
        table.add_row(
            name,
            part.kind.value,
            block,
            *numbers(part.bits, part.ping_pong_bits, part.bound_bits),
            end_section=name == parts[-1][0],
        )
    if parts:
        table.add_row(
            f"{len(parts)} converters",
            "",
            "",
            *numbers(
                sum(part.bits for _, part in parts),
                sum(part.ping_pong_bits for _, part in parts),
                sum(part.bound_bits for _, part in parts),
            ),
        )
    table.caption = "tables of addresses count as bits; queues behind the memory do not"
    return table


def _kernels(summary: Summary) -> Table:
    table = Table(title=f"{summary.model} on {summary.board}, {summary.quantization}: kernels")
    for name in ("kernel", "what"):
        table.add_column(name)
    for name in ("interval", "latency", "MAC/cycle", "buffer bits", "LUT", "FF", "DSP", "BRAM",
                 "URAM"):  # fmt: skip
        table.add_column(name, justify="right")
    small = Cells()
    hidden = 0
    for row in summary.kernels:
        if not row.computes:
            small, hidden = small + row.cells, hidden + 1
            continue
        table.add_row(
            row.name,
            row.kind,
            f"{row.interval:,}",
            f"{row.latency:,}",
            f"{row.macs:,}" if row.macs else "",
            f"{row.buffer_bits:,}",
            *_cells(row.cells),
        )
    table.add_row(f"{hidden} infrastructure instances", "", "", "", "", f"{small.memory_bits:,}",
                  *_cells(small))  # fmt: skip
    table.add_row("queues", "FIFO", "", "", "", f"{summary.queues.memory_bits:,}",
                  *_cells(summary.queues), end_section=True)  # fmt: skip
    table.add_row("estimated total", "", "", "", "", f"{summary.total.memory_bits:,}",
                  *_cells(summary.total))  # fmt: skip
    budget = summary.budget
    table.add_row("board has", "", "", "", "", "", *(
        f"{budget[kind]:,}" for kind in ("luts", "ffs", "dsps", "block_ram", "ultra_ram")
    ))  # fmt: skip
    table.caption = (
        f"cycles of one layer with {summary.token_batch} tokens at the end of the context"
    )
    return table


def _cells(cells: Cells) -> tuple[str, ...]:
    counts = (cells.luts, cells.ffs, cells.dsps, cells.block_ram, cells.ultra_ram)
    return tuple(f"{count:,}" if count else "" for count in counts)


def _fifos(summary: Summary) -> Table:
    deep = [row for row in summary.fifos if row.binding]
    rest = [row for row in summary.fifos if not row.binding]
    table = Table(title="FIFOs deeper than the minimum, by the linear program")
    table.add_column("stream")
    for name in ("depth", "bits", "first beat waits"):
        table.add_column(name, justify="right")
    table.add_column("type")
    for row in sorted(deep, key=lambda row: -row.depth * row.width):
        table.add_row(
            row.name, f"{row.depth:,}", f"{row.depth * row.width:,}", f"{row.delay:,.0f}", row.type
        )
    bits = sum(row.depth * row.width for row in rest)
    table.add_row(f"{len(rest)} others", "", f"{bits:,}", "", "")
    return table


def _ports(summary: Summary) -> Table:
    table = Table(title="Memory ports")
    table.add_column("port")
    table.add_column("cycles a step", justify="right")
    table.add_column("DMAs of")
    for row in summary.ports:
        table.add_row(row.name, f"{row.cycles:,.0f}", ", ".join(row.clients))
    table.caption = f"{summary.token_batch} tokens at the end of the context"
    return table


def _dies(summary: Summary) -> Table:
    table = Table(title="Dies: share of each budget")
    table.add_column("die")
    for name in ("parts", "LUT", "FF", "DSP", "BRAM", "URAM"):
        table.add_column(name, justify="right")
    kinds = ("luts", "ffs", "dsps", "block_ram", "ultra_ram")
    for row in summary.dies:
        shares = [(getattr(row.cells, kind), row.budget[kind]) for kind in kinds]
        name = f"{row.name}, memory" if row.memory else row.name
        table.add_row(name, f"{row.parts}", *(f"{n / have:.1%}" if n else "" for n, have in shares))
    table.caption = f"{summary.crossing_bits:,} wires over all boundaries between dies"
    return table


def _cycles(summary: Summary) -> Table:
    table = Table(title="Predicted cycles")
    table.add_column("")
    for name in ("cycles", f"ms at {summary.clock_mhz:g} MHz"):
        table.add_column(name, justify="right")
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
