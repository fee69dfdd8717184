# SPDX-License-Identifier: Apache-2.0
"""One row of the matmul engine, or a pair: multipliers, sums, group multiplier, accumulators."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ...numerics.element_format import OFFSET_BITS, ElementFormat
from .multiplier import (
    KEPT,
    MULTIPLE_BITS,
    SPACING,
    column_sum_bits,
    decoded,
    fabric_places,
    fabric_product,
    packed,
    packed_levels,
    row_stages,
    split,
    sum_bits,
    tree_levels,
)
from .named_nets import delayed

__all__ = ["MatmulRow"]


class MatmulRow(wiring.Component):
    """Dot products of ``inputs`` columns a cycle, for ``lanes`` tokens, added to accumulators.

    A chain adds its products one after the other, as the cascade of DSP blocks does: column ``i``
    of a chain works ``i`` cycles later. The chains of a row meet in a tree of adders::

        weight register -+
        x -------------- * -reg-> + -reg-> + -reg-> ... tree, split -(x m)-reg-> + -> [at]
                                  ^ 0      ^ next product                            ^---- read

    Two rows may share their multipliers: one operand holds ``(w1 << 18) + w0``, so its product with
    x is ``(w1 * x << 18) + w0 * x``. As long as the lower sum stays below ``2**17``, it is the low
    18 bits, signed, and the upper sum is the rest, plus one where the lower is negative: sums are
    added together as far as that holds. All rows run in lockstep: the engine computes addresses and
    enables once for all of them.

    Some products may be made of LUTs where multipliers are few; then nothing is shared.

    An offset that all weights of a group share is multiplied with the sum of the columns of x. It
    comes from outside, since it is the same for all rows.

    Parameters  inputs: columns; lanes: tokens; weights: their format; chain: columns of a chain,
                divides inputs; levels: adder levels of the tree between two registers;
                paired: two rows instead of one; grouped: with group multipliers;
                fabric_lanes: the last lanes, whose products are made of LUTs; fabric_columns: the
                last columns of the other lanes, too
                width: accumulator bits; depth: accumulators of a row and lane (a power of two)
    Members     load: bit 0 takes new weights, bit i + 1 those of column i of every chain from them;
                weight: rows x inputs codes
                x: lanes x inputs bytes, the one of column i of a chain i cycles late
                multiples: ``multiples_of`` x, as late, for each of ``fabric_places``
                valid: of each lane, bit s enables the registers at the end of stage s
                take, m: the group multiplier of each row, of the beat in stage ``stages - 2``, or
                one earlier with offsets; n: likewise, the offset; sums: of the columns of each
                lane's x, of the beat in the stage behind
                first, at: whether the beat in the last stage overwrites its accumulator, and which
                lane, read: which accumulator is at ``o``; o: Out(array of rows), combinational
    Timing      a beat in stage 0 is in its accumulator after ``stages + 1`` cycles
    """

    def __init__(
        self,
        *,
        inputs: int,
        lanes: int,
        weights: ElementFormat,
        chain: int,
        paired: bool,
        grouped: bool,
        levels: int,
        fabric_lanes: int,
        fabric_columns: int,
        width: int,
        depth: int,
    ):
        self._inputs = inputs
        self._lanes = lanes
        self._weights = weights
        self._chain = chain
        self._paired = paired
        self._grouped = grouped
        self._levels = levels
        self._fabric_lanes = fabric_lanes
        self._fabric_columns = fabric_columns
        self._places = fabric_places(
            inputs=inputs, lanes=lanes, fabric_lanes=fabric_lanes, fabric_columns=fabric_columns
        )
        self._width = width
        self._depth = depth
        self.rows = 2 if paired else 1
        self.stages = row_stages(
            inputs=inputs,
            chain=chain,
            paired=paired,
            grouped=grouped,
            has_offsets=weights.has_offsets,
            levels=levels,
        )
        members = {
            "load": In(chain + 1),
            "weight": In(self.rows * inputs * weights.bits),
            "x": In(lanes * inputs * 8),
            "valid": In(data.ArrayLayout(unsigned(self.stages + 1), lanes)),
            "first": In(1),
            "at": In(range(max(2, depth))),
            "lane": In(range(max(2, lanes))),
            "read": In(range(max(2, depth))),
            "o": Out(data.ArrayLayout(signed(width), self.rows)),
        }
        if self._places:
            members["multiples"] = In(2 * MULTIPLE_BITS * len(self._places))
        if grouped:
            members["take"] = In(1)
            members["m"] = In(data.ArrayLayout(unsigned(8), self.rows))
            self._m = Signal(data.ArrayLayout(unsigned(8), self.rows), reset_less=True)
        if weights.has_offsets:
            members["n"] = In(data.ArrayLayout(signed(8), self.rows))
            members["sums"] = In(data.ArrayLayout(signed(column_sum_bits(inputs)), lanes))
            self._n = Signal(data.ArrayLayout(signed(8), self.rows), reset_less=True)
        super().__init__(members)

    @property
    def module(self) -> str:
        """Name of the Verilog module: all parameters, so that equal names are equal modules."""
        weights = self._weights
        kind = f"_{weights.name}" if weights.levels else ""
        kind += ("p" if self._paired else "") + ("g" if self._grouped else "")
        kind += "o" if weights.has_offsets else ""
        return (
            f"matmul_row_{self._inputs}x{self._lanes}_w{weights.bits}{kind}"
            f"_c{self._chain}l{self._levels}f{self._fabric_lanes}_{self._fabric_columns}"
            f"_{self._width}x{self._depth}"
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dsp_columns = self._inputs - self._fabric_columns
        some_dsp = self._fabric_lanes < self._lanes
        codes = self._codes(m)
        operands: list[Value] = []
        for column, (low, *high) in enumerate(codes[: dsp_columns * some_dsp]):
            value = packed(low, high[0]) if high else low
            operands.append(self._held(m, column, value, f"held_{column}"))
        for column in range(0 if self._fabric_lanes else dsp_columns, self._inputs):
            codes[column] = [
                self._held(m, column, code, f"code_{row}_{column}")
                for row, code in enumerate(codes[column])
            ]
        if self._grouped:
            with m.If(self.take):
                m.d.sync += self._m.eq(self.m)
                if self._weights.has_offsets:
                    m.d.sync += self._n.eq(self.n)
        outputs: list[list[Value]] = [[] for _ in range(self.rows)]
        for lane in range(self._lanes):
            for row, value in enumerate(self._sums(m, operands, codes, lane)):
                outputs[row].append(self._accumulate(m, value, row, lane))
        for row, lanes in enumerate(outputs):
            chosen = lanes[-1]
            for lane in reversed(range(self._lanes - 1)):
                chosen = Mux(self.lane == lane, lanes[lane], chosen)
            m.d.comb += self.o[row].eq(chosen)
        return m

    def _codes(self, m: Module) -> list[list[Value]]:
        """The integers of each column's weights, of each row, when its register takes them.

        They come into a register here, so that all rows are the same to a simulator.
        """
        bits = self._weights.bits
        codes: list[list[Value]] = [[] for _ in range(self._inputs)]
        taken = Signal.like(self.weight, name="taken", reset_less=True)
        with m.If(self.load[0]):
            m.d.sync += taken.eq(self.weight)
        for index in range(self._chain):
            places = [
                (row, column)
                for row in range(self.rows)
                for column in range(index, self._inputs, self._chain)
            ]
            words = Cat(taken.word_select(row * self._inputs + at, bits) for row, at in places)
            enables = list(self.load[1:])
            late = delayed(m, f"taken{index}", words, index, enables, reset=False)[-1]
            for number, (_, column) in enumerate(places):
                code = late.word_select(number, bits)
                codes[column].append(
                    decoded(m, code, self._weights, f"weight_{len(codes[column])}_{column}")
                )
        return codes

    def _held(self, m: Module, column: int, value: Value, name: str) -> Signal:
        """The register that keeps something of a column's weights."""
        held = Signal(signed(len(value)), name=name, reset_less=True)
        with m.If(self.load[1 + column % self._chain]):
            m.d.sync += held.eq(value)
        return held

    def _sums(
        self, m: Module, operands: list[Value], codes: list[list[Value]], lane: int
    ) -> list[Value]:
        """The sum over all columns for each row, a group multiplier and an offset in it."""
        valid = self.valid[lane]
        weights = self._weights
        shared = self._paired and lane < self._lanes - self._fabric_lanes

        def register(stage: int, value: Value, name: str, width: int | None = None) -> Signal:
            signal = Signal(signed(width or len(value)), name=f"{name}_{lane}", reset_less=True)
            with m.If(valid[stage]):
                m.d.sync += signal.eq(value)
            return signal

        def wire(value: Value, name: str, width: int) -> Signal:
            signal = Signal(signed(width), name=f"{name}_{lane}", attrs=KEPT)
            m.d.comb += signal.eq(value)
            return signal

        # a part is what has a sum of its own: a row, or two that share theirs
        parts: list[list[Value]] = []
        for part in range(1 if shared else self.rows):
            chains: list[Value] = []
            for begin in range(0, self._inputs, self._chain):
                total: Value | None = None
                for index in range(self._chain):
                    column = begin + index
                    name = f"{part}_{column}"
                    product = self._product(m, operands, codes[column], column, lane, part)
                    above = SPACING * shared
                    made = register(index, product, f"product_{name}", sum_bits(1, weights) + above)
                    if self._chain > 1:
                        value = made if total is None else total + made
                        width = sum_bits(self._chain, weights) + above
                        made = register(1 + index, value, f"total_{name}", width)
                    total = made
                assert total is not None
                chains.append(total)
            parts.append(chains)

        stage = 1 + self._chain * (self._chain > 1)
        levels = tree_levels(self._inputs // self._chain)
        until = packed_levels(inputs=self._inputs, chain=self._chain, weights=weights)
        splits = [False] * levels
        if self._paired:
            splits.insert(until, True)
        columns = self._chain
        for level, is_split in enumerate(splits):
            if not is_split:
                columns = min(2 * columns, self._inputs)
            elif shared:
                halves = [
                    split(m, value, sum_bits(columns, weights), f"half_{index}_{lane}")
                    for index, value in enumerate(parts[0])
                ]
                parts = [list(rows) for rows in zip(*halves, strict=True)]
                shared = False
            last = (level + 1) % self._levels == 0 or level == len(splits) - 1
            width = sum_bits(columns, weights) + SPACING * shared
            for part, values in enumerate(parts):
                step = 1 if is_split else 2
                terms = [values[i : i + step] for i in range(0, len(values), step)]
                parts[part] = [
                    register(stage, sum(term[1:], term[0]), f"sum_{part}_{level}_{i}", width)
                    if last
                    else wire(sum(term[1:], term[0]), f"sum_{part}_{level}_{i}", width)
                    for i, term in enumerate(terms)
                ]
            stage += last
        results = []
        for row, (value,) in enumerate(parts):
            if self._grouped:
                value = register(stage, value * self._m[row], f"scaled_{row}")
            if weights.has_offsets:
                offset = register(stage, self.sums[lane] * self._n[row], f"offset_{row}")
                value = register(stage + 1, value + (offset << OFFSET_BITS), f"shifted_{row}")
            results.append(value)
        return results

    def _product(
        self,
        m: Module,
        operands: list[Value],
        codes: list[Value],
        column: int,
        lane: int,
        part: int,
    ) -> Value:
        """The product of a column for a lane: of a row, or of two in one."""
        x = self.x.word_select(lane * self._inputs + column, 8).as_signed()
        if (lane, column) not in self._places:
            return operands[column] * x
        place = self._places.index((lane, column))
        multiples = self.multiples.word_select(place, 2 * MULTIPLE_BITS)
        if lane >= self._lanes - self._fabric_lanes:
            codes = codes[part : part + 1]
        products: list[Value] = []
        for row, code in enumerate(codes, part):
            name = f"fabric_{row}_{column}_{lane}"
            product = Signal(signed(sum_bits(1, self._weights)), name=name)
            m.d.comb += product.eq(fabric_product(m, code, x, multiples, name))
            products.append(product)
        return packed(*products) if len(products) == 2 else products[0]

    def _accumulate(self, m: Module, value: Value, row: int, lane: int) -> Value:
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
