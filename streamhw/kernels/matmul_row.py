# SPDX-License-Identifier: Apache-2.0
"""One row of the matmul engine, or a pair: multipliers, sums, group multiplier, accumulators."""

from amaranth.back import verilog
from amaranth.hdl import (
    Cat,
    ClockSignal,
    Instance,
    Module,
    Mux,
    ResetSignal,
    Signal,
    Value,
    signed,
    unsigned,
)
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["SPACING", "MatmulRow", "RowInstance", "row_stages", "tree_levels"]

SPACING = 18
"""Bits between two weights in one operand: with 8-bit codes above them they fill the 27 bits of a
DSP48E2, and sums of products below have room."""


def tree_levels(inputs: int) -> int:
    """Adder levels that sum ``inputs`` values."""
    return (inputs - 1).bit_length()


def row_stages(*, inputs: int, chain: int, paired: bool, grouped: bool) -> int:
    """Register stages from x to the operand of the accumulator."""
    return 1 + chain * (chain > 1) + paired + tree_levels(inputs // chain) + grouped


class MatmulRow(wiring.Component):
    """Dot products of ``inputs`` columns a cycle, for ``lanes`` tokens, added to accumulators.

    A chain adds its products one after the other, as the cascade of DSP blocks does: column ``i``
    of a chain works ``i`` cycles later. The chains of a row meet in a tree of adders::

        weight register -+
        x -------------- * -reg-> + -reg-> + -reg-> ... split -> tree -(x m)-reg-> + -> [address]
                                  ^ 0      ^ next product                          ^---- comb read

    Two rows may share their multipliers: one operand holds ``(w1 << 18) + w0``, so its product with
    x is ``(w1 * x << 18) + w0 * x``. The lower sum of a chain stays below ``2**17``, so it is the
    low 18 bits, signed, and the upper sum is the rest, plus one where the lower is negative.
    All rows run in lockstep: the engine computes addresses and enables once for all of them.

    Parameters  inputs: columns; lanes: tokens; weight_bits: 4 or 8; chain: columns of a chain,
                divides inputs; paired: two rows instead of one; grouped: with group multipliers;
                width: accumulator bits; depth: accumulators of a row and lane (a power of two)
    Members     load: bit i takes new weights for column i of every chain; weight: rows x inputs
                codes; x: lanes x inputs bytes, the one of column i of a chain i cycles late
                valid: of each lane, bit s enables the registers at the end of stage s
                m: group multiplier of each row, of the beat in stage ``stages - 1``
                first, at: whether the beat in the last stage overwrites its accumulator, and which
                lane, read: which accumulator is at ``o``; o: Out(array of rows), combinational
    Timing      a beat in stage 0 is in its accumulator after ``stages + 1`` cycles
    """

    def __init__(
        self,
        *,
        inputs: int,
        lanes: int,
        weight_bits: int,
        chain: int,
        paired: bool,
        grouped: bool,
        width: int,
        depth: int,
    ):
        self._inputs = inputs
        self._lanes = lanes
        self._weight_bits = weight_bits
        self._chain = chain
        self._paired = paired
        self._grouped = grouped
        self._width = width
        self._depth = depth
        self.rows = 2 if paired else 1
        self.stages = row_stages(inputs=inputs, chain=chain, paired=paired, grouped=grouped)
        members = {
            "load": In(chain),
            "weight": In(self.rows * inputs * weight_bits),
            "x": In(lanes * inputs * 8),
            "valid": In(data.ArrayLayout(unsigned(self.stages + 1), lanes)),
            "first": In(1),
            "at": In(range(max(2, depth))),
            "lane": In(range(max(2, lanes))),
            "read": In(range(max(2, depth))),
            "o": Out(data.ArrayLayout(signed(width), self.rows)),
        }
        if grouped:
            members["m"] = In(data.ArrayLayout(unsigned(8), self.rows))
        super().__init__(members)

    @property
    def module(self) -> str:
        """Name of the Verilog module: all parameters, so that equal names are equal modules."""
        kind = ("p" if self._paired else "") + ("g" if self._grouped else "")
        return (
            f"matmul_row_{self._inputs}x{self._lanes}_w{self._weight_bits}{kind}"
            f"_c{self._chain}_{self._width}x{self._depth}"
        )

    def verilog(self) -> str:
        """Text of the Verilog module."""
        return verilog.convert(self, name=self.module, emit_src=False, strip_internal_attrs=True)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        operands = [self._operand(m, column) for column in range(self._inputs)]
        outputs: list[list[Value]] = [[] for _ in range(self.rows)]
        for lane in range(self._lanes):
            for row, value in enumerate(self._sums(m, operands, lane)):
                outputs[row].append(self._accumulate(m, value, row, lane))
        for row, lanes in enumerate(outputs):
            chosen = lanes[-1]
            for lane in reversed(range(self._lanes - 1)):
                chosen = Mux(self.lane == lane, lanes[lane], chosen)
            m.d.comb += self.o[row].eq(chosen)
        return m

    def _operand(self, m: Module, column: int) -> Signal:
        """The register of a column's weights: one code, or two in one operand."""
        bits = self._weight_bits
        codes = [
            self.weight.word_select(row * self._inputs + column, bits).as_signed()
            for row in range(self.rows)
        ]
        if self._paired:
            low = Signal(signed(SPACING), name=f"low_{column}")
            m.d.comb += low.eq(codes[0])
            # A negative lower code borrows one from the upper.
            value: Value = Cat(low, codes[1] - codes[0][-1]).as_signed()
        else:
            value = codes[0]
        held = Signal(signed(len(value)), name=f"held_{column}", reset_less=True)
        with m.If(self.load[column % self._chain]):
            m.d.sync += held.eq(value)
        return held

    def _sums(self, m: Module, operands: list[Signal], lane: int) -> list[Signal]:
        """The sum over all columns for each row, a group multiplier in it."""
        valid = self.valid[lane]

        def register(stage: int, value: Value, name: str) -> Signal:
            signal = Signal(value.shape(), name=f"{name}_{lane}", reset_less=True)
            with m.If(valid[stage]):
                m.d.sync += signal.eq(value)
            return signal

        chains: list[Signal] = []
        # the largest sum of a chain in one row, and its room above the lower row's bits
        most = (self._chain << (7 + self._weight_bits - 1)).bit_length() + 1
        for begin in range(0, self._inputs, self._chain):
            total: Signal | None = None
            for index in range(self._chain):
                column = begin + index
                x = self.x.word_select(lane * self._inputs + column, 8).as_signed()
                product = register(index, operands[column] * x, f"product_{column}")
                if self._chain > 1:
                    shape = signed(most + SPACING + 1 if self._paired else most)
                    value = Signal(shape, name=f"next_{column}_{lane}")
                    m.d.comb += value.eq(product if total is None else total + product)
                    product = register(1 + index, value, f"total_{column}")
                total = product
            assert total is not None
            chains.append(total)

        stage = 1 + self._chain * (self._chain > 1)
        if self._paired:
            halves: list[list[Signal]] = [[], []]
            for index, packed in enumerate(chains):
                low = packed[:most].as_signed()
                high = (packed >> SPACING)[:most].as_signed() + packed[SPACING - 1]
                for row, value in enumerate((low, high[:most].as_signed())):
                    halves[row].append(register(stage, value, f"half_{row}_{index}"))
            stage += 1
        else:
            halves = [chains]
        results = []
        for row, level in enumerate(halves):
            at = stage
            for depth in range(tree_levels(len(level))):
                pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
                level = [
                    register(at, sum(pair[1:], pair[0]), f"sum_{row}_{depth}_{i}")
                    for i, pair in enumerate(pairs)
                ]
                at += 1
            (value,) = level
            if self._grouped:
                value = register(at, value * self.m[row], f"scaled_{row}")
            results.append(value)
        return results

    def _accumulate(self, m: Module, value: Signal, row: int, lane: int) -> Value:
        """Adds to the accumulator ``at``; returns the one at ``read``."""
        m.submodules[f"accumulators_{row}_{lane}"] = memory = Memory(
            shape=signed(self._width), depth=self._depth, init=[]
        )
        before = memory.read_port(domain="comb")
        drain = memory.read_port(domain="comb")
        write = memory.write_port()
        m.d.comb += [
            before.addr.eq(self.at),
            write.addr.eq(self.at),
            write.en.eq(self.valid[lane][self.stages]),
            write.data.eq(Mux(self.first, 0, before.data) + value),
            drain.addr.eq(self.read),
        ]
        return Value.cast(drain.data)


class RowInstance(wiring.Component):
    """The row as an instance of the Verilog module ``row.module``, whose text is ``row.verilog()``.

    Amaranth emits a module for each instance of a component; for a large array that costs most of
    the export and of the synthesis, and all rows are equal. Amaranth's simulator cannot run it.
    """

    def __init__(self, row: MatmulRow):
        self._row = row
        super().__init__(dict(row.signature.members.items()))

    def elaborate(self, platform: object) -> Module:
        ports = {
            f"{'i' if member.flow is In else 'o'}_{name}": Value.cast(getattr(self, name))
            for name, member in self.signature.members.items()
        }
        m = Module()
        m.submodules.shared = Instance(
            self._row.module, i_clk=ClockSignal(), i_rst=ResetSignal(), **ports
        )
        return m
