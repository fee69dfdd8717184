# SPDX-License-Identifier: Apache-2.0
"""The rows of the matmul engine in lockstep, and the registers that bring control to each stage."""

from amaranth.hdl import Cat, Module, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .matmul_row import MatmulRow, RowInstance, tree_levels

__all__ = ["SHARED_ROWS_FROM", "MatmulArray", "array_latency", "delayed"]

SHARED_ROWS_FROM = 512
"""Multipliers of an array whose rows become instances of one Verilog module, if the platform of the
elaboration takes source files (``add_file``)."""


def array_latency(inputs: int, grouped: bool) -> int:
    """Cycles from an x beat issued to its sum in the accumulator."""
    return 3 + tree_levels(inputs) + int(grouped)


def delayed(m: Module, name: str, value: Value, cycles: int) -> list[Value]:
    """The value now, after one cycle, ... after ``cycles`` cycles."""
    values = [value]
    for cycle in range(1, cycles + 1):
        later = Signal(value.shape(), name=f"{name}_{cycle}")
        m.d.sync += later.eq(values[-1])
        values.append(later)
    return values


class MatmulArray(wiring.Component):
    """``rows`` dot products of ``inputs`` lanes a cycle into accumulators.

    Parameters  rows, inputs, weight_bits; grouped: with group multipliers; width: accumulator bits;
                depth: accumulators of a row (a power of two)
    Members     load, weight: new weights, used by beats issued from this cycle on
                issue, x: a beat; first: it overwrites accumulator ``at``; last: it completes a tile
                group_en: Out, cycle in which the beat's group must be looked up, ``group_delay``
                cycles after issue; m: the group's multipliers 2 cycles later
                done: Out, pulse: from the next cycle on the tile can be read
                read: accumulator to read; acc: Out(array of rows), combinational
    Timing      ``array_latency`` cycles from issue to ``acc``
    """

    def __init__(
        self, *, rows: int, inputs: int, weight_bits: int, grouped: bool, width: int, depth: int
    ):
        self._rows = rows
        self._inputs = inputs
        self._weight_bits = weight_bits
        self._grouped = grouped
        self._width = width
        self._depth = depth
        self.group_delay = tree_levels(inputs)
        members = {
            "load": In(1),
            "weight": In(rows * inputs * weight_bits),
            "issue": In(1),
            "x": In(8 * inputs),
            "first": In(1),
            "last": In(1),
            "at": In(range(depth)),
            "done": Out(1),
            "read": In(range(depth)),
            "acc": Out(data.ArrayLayout(signed(width), rows)),
        }
        if grouped:
            members |= {"group_en": Out(1), "m": In(data.ArrayLayout(unsigned(8), rows))}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        x = Signal.like(self.x)
        with m.If(self.issue):
            m.d.sync += x.eq(self.x)

        stages = array_latency(self._inputs, self._grouped) - 1
        valid = delayed(m, "valid", self.issue, stages)
        first = delayed(m, "first", self.first, stages)[-1]
        at = delayed(m, "at", self.at, stages)[-1]
        m.d.comb += self.done.eq(delayed(m, "last", self.issue & self.last, stages)[-1])
        if self._grouped:
            m.d.comb += self.group_en.eq(valid[self.group_delay])

        shared = self._rows * self._inputs >= SHARED_ROWS_FROM and hasattr(platform, "add_file")
        if shared:
            model = self._row()
            platform.add_file(f"{model.module}.v", model.verilog())
        bits = self._inputs * self._weight_bits
        for index in range(self._rows):
            row = RowInstance(model) if shared else self._row()
            m.submodules[f"row_{index}"] = row
            m.d.comb += [
                row.load.eq(self.load),
                row.weight.eq(self.weight.word_select(index, bits)),
                row.x.eq(x),
                row.valid.eq(Cat(valid[1:])),
                row.first.eq(first),
                row.at.eq(at),
                row.read.eq(self.read),
                self.acc[index].eq(row.o),
            ]
            if self._grouped:
                m.d.comb += row.m.eq(self.m[index])
        return m

    def _row(self) -> MatmulRow:
        return MatmulRow(
            inputs=self._inputs,
            weight_bits=self._weight_bits,
            grouped=self._grouped,
            width=self._width,
            depth=self._depth,
        )
