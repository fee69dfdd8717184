# SPDX-License-Identifier: Apache-2.0
"""Sum and reciprocal standard deviation of rows, in a pipeline that takes a beat a cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ...numerics.tables import Table
from ...stream.pipeline import delayed, scaled, square, tree_latency, tree_sum
from ...stream.table_lookup import TableLookup

__all__ = ["RowStatistics"]


class RowStatistics(wiring.Component):
    """S1 = sum of x, and 2**-exponent * root = 1 / sqrt(d * sum of x^2 - S1^2 + offset), of rows.

    If not ``centered``, S1 is left out and ``total`` stays 0.

    A free-running part of kernels: no ready. ``total`` comes first, ``root`` ``variance_latency``
    cycles later.

    Parameters  shape: of an element, signed; lanes: elements a beat; beats: of a row;
                offset: added to V, at least 1; width: bits of V, even; root: table of the
                reciprocal root of a mantissa; centered: whether S1 counts;
                counted: d, the elements of a row that are no padding; ``None``: all
    Members     element: In(array), valid: In(1); total, total_valid: Out;
                exponent, root, root_valid: Out
    """

    def __init__(
        self,
        *,
        shape: Shape,
        lanes: int,
        beats: int,
        offset: int,
        width: int,
        root: Table,
        centered: bool = True,
        counted: int | None = None,
    ) -> None:
        self._centered = centered
        self._shape = shape
        self._lanes = lanes
        self._beats = beats
        self._features = lanes * beats
        self._count = self._features if counted is None else counted
        self._offset = offset
        self._width = width
        self._table = root
        growth = (self._features - 1).bit_length()
        self._total = signed(shape.width + growth)
        self._squares = unsigned((self._features << (2 * shape.width - 2)).bit_length())
        super().__init__(
            {
                "element": In(data.ArrayLayout(shape, lanes)),
                "valid": In(1),
                "total": Out(self._total),
                "total_valid": Out(1),
                "exponent": Out(range(width // 2)),
                "root": Out(root.output.shape),
                "root_valid": Out(1),
            }
        )

    @staticmethod
    def normalize_stages(width: int) -> tuple[tuple[int, ...], ...]:
        """Shifts that bring the leading one of V into the upper two bits, two a register."""
        steps = [1 << i for i in reversed(range(1, (width - 1).bit_length()))]
        return tuple(tuple(steps[i : i + 2]) for i in range(0, len(steps), 2))

    @staticmethod
    def total_latency(lanes: int) -> int:
        """Cycles from the last beat of a row to its total: register, square, tree, sum."""
        return 1 + 2 + tree_latency(lanes) + 1

    @classmethod
    def variance_latency(cls, width: int, root: Table) -> int:
        """Cycles from a total to its root: V, leading one, table."""
        return 3 + len(cls.normalize_stages(width)) + TableLookup.latency_of(root)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        squares = self._accumulate(m)
        variance = self._variance(m, squares)
        self._root(m, variance)
        latency = self.variance_latency(self._width, self._table)
        m.d.comb += self.root_valid.eq(delayed(m, self.total_valid, latency, reset=True))
        return m

    def _accumulate(self, m: Module) -> Value:
        count = Signal(range(self._beats))
        last = Signal()
        m.d.comb += last.eq(count == self._beats - 1)
        with m.If(self.valid):
            m.d.sync += count.eq(Mux(last, 0, count + 1))
        elements = [delayed(m, self.element[lane], 1) for lane in range(self._lanes)]
        sums = tree_sum(m, [delayed(m, x, 2) for x in elements]) if self._centered else Const(0)
        squares = tree_sum(m, [square(m, x) for x in elements])
        ahead = self.total_latency(self._lanes) - 1
        valid = delayed(m, self.valid, ahead, reset=True)
        end = delayed(m, self.valid & last, ahead, reset=True)
        first = Signal(init=1)
        total_squares = Signal(self._squares, reset_less=True)
        m.d.sync += self.total_valid.eq(end)
        with m.If(valid):
            m.d.sync += [
                first.eq(end),
                total_squares.eq(squares + Mux(first, 0, total_squares)),
            ]
            if self._centered:
                m.d.sync += self.total.eq(sums + Mux(first, 0, self.total))
        return total_squares

    def _variance(self, m: Module, squares: Value) -> Value:
        scaled_squares = Signal(self._width, reset_less=True)
        raised = Signal(self._width, reset_less=True)
        variance = Signal(self._width, reset_less=True)
        m.d.sync += [
            scaled_squares.eq(scaled(squares, self._count)),
            raised.eq(scaled_squares + self._offset),
            variance.eq(raised - square(m, self.total) if self._centered else raised),
        ]
        return variance

    def _root(self, m: Module, variance: Value) -> None:
        taken: list[Value] = []  # which shifts were made, largest first
        for steps in self.normalize_stages(self._width):
            taken = [delayed(m, flag, 1) for flag in taken]
            for step in steps:
                flag = Signal(name=f"zeros_{step}")
                moved = Signal(self._width, name=f"moved_{step}")
                m.d.comb += [
                    flag.eq(variance[self._width - step :] == 0),
                    moved.eq(Mux(flag, Cat(Const(0, step), variance), variance)),
                ]
                taken.append(flag)
                variance = moved
            made = len(steps)
            taken[-made:] = [delayed(m, flag, 1) for flag in taken[-made:]]
            variance = delayed(m, variance, 1)
        fraction = self._table.input.frac
        odd = variance[-1]
        padded = Cat(Const(0, fraction + 2), variance)
        below_odd, below_even = padded[-1 - fraction : -1], padded[-2 - fraction : -2]
        m.submodules.lookup = lookup = TableLookup(table=self._table, lanes=1)
        exponent = Signal(self.exponent.shape())
        m.d.comb += [
            lookup.code[0].eq(Cat(Mux(odd, below_odd, below_even), odd)),
            exponent.eq((self._width // 2 - 1) - Cat(*reversed(taken))),
            self.root.eq(lookup.value[0]),
            self.exponent.eq(delayed(m, exponent, lookup.latency)),
        ]
