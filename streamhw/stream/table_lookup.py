# SPDX-License-Identifier: Apache-2.0
"""Looks up a function table for several lanes in a free-running pipeline."""

from dataclasses import replace

from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory as LibMemory
from amaranth.lib.wiring import In, Out

from ..numerics.tables import Table
from .spec import Memory, Resources

__all__ = ["TableLookup"]


class TableLookup(wiring.Component):
    """One value of a table for each lane and cycle: a part of kernels, not a stream.

    It has no valid and no ready: data runs through whatever it means, and the credit bracket of
    the kernel around it counts beats. Two lanes share a memory with two read ports.

    Parameters  table: the function; lanes: elements a cycle
    Members     code: In(array of ``lanes`` of ``table.input``), expected from a register;
                value: Out(array of ``lanes`` of ``table.output``)
    Timing      ``value`` belongs to the ``code`` of ``latency`` cycles before: 2 for a plain table
                (read, register), 4 for a piecewise linear one (read, register, multiply, add).
                The result comes from a register.
    Buffers     ceil(lanes / 2) memories of the table
    Error       ``table.max_error`` LSB, proved by trying every code when the table is made
    """

    def __init__(self, *, table: Table, lanes: int) -> None:
        if lanes < 1:
            raise ValueError(f"lanes must be at least 1, not {lanes}")
        self.table = table
        self.lanes = lanes
        super().__init__(
            {
                "code": In(data.ArrayLayout(table.input.shape, lanes)),
                "value": Out(data.ArrayLayout(table.output.shape, lanes)),
            }
        )

    @staticmethod
    def latency_of(table: Table) -> int:
        """Cycles from a code to its value."""
        return 4 if table.slopes else 2

    @property
    def latency(self) -> int:
        """Cycles from a code to its value."""
        return self.latency_of(self.table)

    @classmethod
    def resources_of(cls, table: Table, lanes: int) -> Resources:
        """Estimated cells of ``lanes`` lookups."""
        word = table.entry_format.width + (table.slope_format.width if table.slopes else 0)
        pair = Memory(word, len(table.entries), readers=2, rom=True)
        memories = (pair,) * (lanes // 2)
        if lanes % 2:
            memories += (replace(pair, readers=1),)
        if not table.slopes:
            return Resources(ffs=lanes * word, memories=memories)
        entry, slope = table.entry_format.width, table.slope_format.width
        sum_bits = entry + 1
        return Resources(
            luts=lanes * sum_bits,
            ffs=lanes * (word + 2 * table.rest + entry + slope + table.rest + table.output.width),
            multipliers=((slope, table.rest + 1),) * lanes,
            memories=memories,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        table = self.table
        entry, slope = table.entry_format, table.slope_format
        layout = data.StructLayout(
            {"entry": entry.shape, "slope": slope.shape} if table.slopes else {"entry": entry.shape}
        )
        words = [
            {"entry": e, "slope": s} if table.slopes else {"entry": e}
            for e, s in zip(table.entries, table.slopes or table.entries, strict=True)
        ]
        memory: LibMemory | None = None
        for lane in range(self.lanes):
            if lane % 2 == 0:
                memory = LibMemory(shape=layout, depth=len(words), init=words)
                m.submodules[f"memory_{lane // 2}"] = memory
            assert memory is not None
            port = memory.read_port()
            # Counting from the smallest code is the same as inverting the sign bit.
            flip = table.input.minimum & ((1 << table.input.width) - 1)
            offset = Signal(table.input.width, name=f"offset_{lane}")
            m.d.comb += offset.eq(self.code[lane].as_unsigned() ^ flip)
            m.d.comb += port.addr.eq(offset[table.rest :])
            word = Signal(layout, name=f"word_{lane}", reset_less=True)
            m.d.sync += word.eq(port.data)
            if not table.slopes:
                m.d.comb += self.value[lane].eq(word.entry)
                continue
            rest_read = Signal(table.rest, name=f"rest_read_{lane}", reset_less=True)
            rest = Signal(table.rest, name=f"rest_{lane}", reset_less=True)
            product = Signal(
                Shape(slope.width + table.rest, slope.signed),
                name=f"product_{lane}",
                reset_less=True,
            )
            entry_held = Signal(entry.shape, name=f"entry_{lane}", reset_less=True)
            total = Signal(Shape(table.output.width + table.shift + 1, signed=True))
            result = Signal(table.output.shape, name=f"result_{lane}", reset_less=True)
            m.d.sync += [
                rest_read.eq(offset[: table.rest]),
                rest.eq(rest_read),
                product.eq(word.slope * rest),
                entry_held.eq(word.entry),
                result.eq(total[table.shift :]),
            ]
            m.d.comb += total.eq(entry_held + product)
            m.d.comb += self.value[lane].eq(result)
        return m
