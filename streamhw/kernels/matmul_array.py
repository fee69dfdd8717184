# SPDX-License-Identifier: Apache-2.0
"""The rows of the matmul engine in lockstep, and the registers that bring control to each stage."""

from amaranth.hdl import Cat, Module, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .matmul_row import MatmulRow, RowInstance, row_stages

__all__ = ["SHARED_ROWS_FROM", "MatmulArray", "array_latency", "delayed"]

SHARED_ROWS_FROM = 512
"""Multipliers of an array whose rows become instances of one Verilog module, if the platform of the
elaboration takes source files (``add_file``)."""


def array_latency(*, inputs: int, chain: int, paired: bool, grouped: bool) -> int:
    """Cycles from an x beat issued to its sum in the accumulator."""
    return 2 + row_stages(inputs=inputs, chain=chain, paired=paired, grouped=grouped)


def delayed(
    m: Module, name: str, value: Value, cycles: int, enables: list[Value] | None = None
) -> list[Value]:
    """The value now, after one cycle, ... after ``cycles`` cycles.

    enables: for each cycle but the last, when a value moves on; always without
    """
    values = [value]
    for cycle in range(1, cycles + 1):
        later = Signal(value.shape(), name=f"{name}_{cycle}")
        if enables is None:
            m.d.sync += later.eq(values[-1])
        else:
            with m.If(enables[cycle - 1]):
                m.d.sync += later.eq(values[-1])
        values.append(later)
    return values


class MatmulArray(wiring.Component):
    """``rows`` dot products of ``inputs`` columns a cycle, for ``lanes`` tokens, accumulated.

    Parameters  rows, inputs, lanes, weight_bits; chain, paired: see ``MatmulRow``;
                grouped: with group multipliers; width: accumulator bits;
                depth: accumulators of a row and lane (a power of two)
    Members     load, weight: new weights, used by beats issued from this cycle on
                issue: bit v: token lane v has a beat; x: lanes x inputs bytes
                first: the beat overwrites accumulator ``at``; last: it completes a tile
                group_en: Out, cycle in which the beat's group must be looked up, ``group_delay``
                cycles after issue; m: the group's multipliers 2 cycles later
                done: Out, pulse: from the next cycle on the tile can be read
                lane, read: accumulator to read; acc: Out(array of rows), combinational
    Timing      ``array_latency`` cycles from issue to ``acc``
    """

    def __init__(
        self,
        *,
        rows: int,
        inputs: int,
        lanes: int,
        weight_bits: int,
        chain: int,
        paired: bool,
        grouped: bool,
        width: int,
        depth: int,
    ):
        self._rows = rows
        self._inputs = inputs
        self._lanes = lanes
        self._weight_bits = weight_bits
        self._chain = chain
        self._paired = paired
        self._grouped = grouped
        self._width = width
        self._depth = depth
        self._stages = row_stages(inputs=inputs, chain=chain, paired=paired, grouped=grouped)
        self.group_delay = self._stages - 2
        members = {
            "load": In(1),
            "weight": In(rows * inputs * weight_bits),
            "issue": In(lanes),
            "x": In(8 * inputs * lanes),
            "first": In(1),
            "last": In(1),
            "at": In(range(depth)),
            "done": Out(1),
            "lane": In(range(max(2, lanes))),
            "read": In(range(depth)),
            "acc": Out(data.ArrayLayout(signed(width), rows)),
        }
        if grouped:
            members |= {"group_en": Out(1), "m": In(data.ArrayLayout(unsigned(8), rows))}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        some = Signal()
        m.d.comb += some.eq(self.issue.any())
        delays = self._stages + 1
        any_valid = delayed(m, "valid", some, delays)
        valid = [delayed(m, f"valid{v}", self.issue[v], delays) for v in range(self._lanes)]
        first = delayed(m, "first", self.first, delays)[-1]
        at = delayed(m, "at", self.at, delays)[-1]
        m.d.comb += self.done.eq(delayed(m, "last", some & self.last, delays)[-1])
        if self._grouped:
            m.d.comb += self.group_en.eq(any_valid[self.group_delay])
        x = self._skewed_x(m, any_valid)
        load = delayed(m, "load", self.load, self._chain - 1)
        weight = self._skewed_weight(m, load)

        shared = self._rows * self._inputs >= SHARED_ROWS_FROM and hasattr(platform, "add_file")
        if shared:
            model = self._row()
            platform.add_file(f"{model.module}.v", model.verilog())
        bits = self._inputs * self._weight_bits
        count = 2 if self._paired else 1
        for index in range(self._rows // count):
            row = RowInstance(model) if shared else self._row()
            m.submodules[f"row_{index}"] = row
            m.d.comb += [
                row.load.eq(Cat(load)),
                row.weight.eq(Cat(weight[index * count * bits : (index + 1) * count * bits])),
                row.x.eq(x),
                row.first.eq(first),
                row.at.eq(at),
                row.lane.eq(self.lane),
                row.read.eq(self.read),
            ]
            m.d.comb += [row.valid[v].eq(Cat(lane[1:])) for v, lane in enumerate(valid)]
            for each in range(count):
                m.d.comb += self.acc[index * count + each].eq(row.o[each])
                if self._grouped:
                    m.d.comb += row.m[each].eq(self.m[index * count + each])
        return m

    def _skewed_x(self, m: Module, valid: list[Value]) -> Value:
        """The x beat in a register, column i of every chain i cycles later still."""
        parts: list[Value] = [self.x] * (self._inputs * self._lanes)
        for index in range(self._chain):
            places = [p for p in range(self._inputs * self._lanes) if p % self._chain == index]
            column = _named(m, f"x_column{index}", Cat(self.x.word_select(p, 8) for p in places))
            late = delayed(m, f"x{index}", column, index + 1, valid)[-1]
            for n, place in enumerate(places):
                parts[place] = late.word_select(n, 8)
        return _named(m, "x_skewed", Cat(parts))

    def _skewed_weight(self, m: Module, load: list[Value]) -> Value:
        """Weights as the rows take them: column i of every chain i cycles later."""
        bits = self._weight_bits
        parts: list[Value] = [self.weight] * (self._rows * self._inputs)
        for index in range(self._chain):
            places = [p for p in range(self._rows * self._inputs) if p % self._chain == index]
            words = Cat(self.weight.word_select(p, bits) for p in places)
            column = _named(m, f"weight_column{index}", words)
            late = delayed(m, f"weight{index}", column, index, load)[-1]
            for n, place in enumerate(places):
                parts[place] = late.word_select(n, bits)
        return _named(m, "weight_skewed", Cat(parts))

    def _row(self) -> MatmulRow:
        return MatmulRow(
            inputs=self._inputs,
            lanes=self._lanes,
            weight_bits=self._weight_bits,
            chain=self._chain,
            paired=self._paired,
            grouped=self._grouped,
            width=self._width,
            depth=self._depth,
        )


def _named(m: Module, name: str, value: Value) -> Signal:
    """A net for ``value``: each slice of an expression would copy all of it."""
    net = Signal(len(value), name=name)
    m.d.comb += net.eq(value)
    return net
