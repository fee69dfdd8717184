# SPDX-License-Identifier: Apache-2.0
"""The rows of the matmul engine in lockstep, and the registers that bring control to each stage."""

from amaranth.hdl import Cat, Module, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ...stream.shared_module import SharedComponent
from .die_slice import sliced
from .geometry import MatmulGeometry
from .multiplier import (
    SPACING,
    fabric_places,
    multiples_of,
    row_stages,
    sum_bits,
    tree_levels,
)
from .named_nets import delayed, named
from .row import MatmulRow

__all__ = ["SHARED_ROWS_FROM", "MatmulArray", "array_latency", "row_of", "rows_of_group"]

SHARED_ROWS_FROM = 512
"""Multipliers of an array whose rows become instances of one Verilog module."""

WORDS = ("x", "multiples", "sums")
"""What rows are brought to compute with; all else steers them."""
STEERED = 2000
"""Registers of rows that one copy of what steers them may enable."""


def rows_of_group(spec: MatmulGeometry) -> int:
    """Row modules that are steered by the same registers, where there are any on the way."""
    products = spec.input_lanes * (sum_bits(1, spec.weights) + SPACING * spec.paired)
    return max(1, STEERED // products)


def array_latency(spec: MatmulGeometry) -> int:
    """Cycles from an x beat issued to its sum in the accumulator."""
    return 2 + row_stages(
        inputs=spec.input_lanes,
        chain=spec.chain,
        paired=spec.paired,
        grouped=spec.is_grouped,
        has_offsets=spec.weights.has_offsets,
        levels=spec.levels,
    )


def row_of(spec: MatmulGeometry, depth: int) -> MatmulRow:
    """The row module of an engine; depth: accumulators of a row and lane."""
    return MatmulRow(
        inputs=spec.input_lanes,
        lanes=spec.token_lanes,
        weights=spec.weights,
        chain=spec.chain,
        paired=spec.paired,
        grouped=spec.is_grouped,
        levels=spec.levels,
        fabric_lanes=spec.fabric_lanes,
        fabric_columns=spec.fabric_columns,
        width=spec.accumulator_width,
        depth=depth,
    )


class MatmulArray(wiring.Component):
    """``rows`` dot products of ``inputs`` columns a cycle, for ``lanes`` tokens, accumulated.

    Parameters  spec: of the engine; depth: accumulators of a row and lane (a power of two)
    Members     load, weight: new weights, used by beats issued from the next cycle on
                issue: bit v: token lane v has a beat; x: lanes x inputs bytes
                first: the beat overwrites accumulator ``at``; last: it completes its sums
                group_en: Out, cycle in which the beat's group must be looked up, ``group_delay``
                cycles after issue; take, m: the group's multipliers a cycle later; n: its offsets
                done: Out, pulse: from the next cycle on the sums of a beat can be read
                lane, read: accumulator to read; acc: Out(array of rows), combinational
    Timing      ``array_latency`` cycles from issue to ``acc``; with slices between here and the
                rows ``acc`` answers ``2 * row_slices`` cycles after ``read``, and all else is the
                same: what goes there comes as late as what is read back
    """

    def __init__(self, spec: MatmulGeometry, *, depth: int):
        self._spec = spec
        self._depth = depth
        self._rows, self._inputs, self._lanes = spec.rows, spec.input_lanes, spec.token_lanes
        self._chain, self._weight_bits = spec.chain, spec.weights.bits
        self._grouped = spec.is_grouped
        self._stages = array_latency(spec) - 2
        self._has_offsets = spec.weights.has_offsets
        self.group_delay = self._stages - 2 - self._has_offsets
        members = {
            "load": In(1),
            "weight": In(self._rows * self._inputs * self._weight_bits),
            "issue": In(self._lanes),
            "x": In(8 * self._inputs * self._lanes),
            "first": In(1),
            "last": In(1),
            "at": In(range(depth)),
            "done": Out(1),
            "lane": In(range(max(2, self._lanes))),
            "read": In(range(depth)),
            "acc": Out(data.ArrayLayout(signed(spec.accumulator_width), self._rows)),
        }
        if self._grouped:
            members |= {
                "group_en": Out(1),
                "take": In(1),
                "m": In(data.ArrayLayout(unsigned(8), self._rows)),
            }
        if self._has_offsets:
            members["n"] = In(data.ArrayLayout(signed(8), self._rows))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        some = Signal()
        m.d.comb += some.eq(self.issue.any())
        delays = self._stages + 1
        any_valid = delayed(m, "valid", some, delays)
        valid = [delayed(m, f"valid{v}", self.issue[v], delays) for v in range(self._lanes)]
        first = delayed(m, "first", self.first, delays, reset=False)[-1]
        at = delayed(m, "at", self.at, delays, reset=False)[-1]
        m.d.comb += self.done.eq(delayed(m, "last", some & self.last, delays)[-1])
        if self._grouped:
            m.d.comb += self.group_en.eq(any_valid[self.group_delay])
        columns = range(self._inputs * self._lanes)
        x = self._skewed(
            m, "x", [(c % self._inputs, self.x.word_select(c, 8)) for c in columns], any_valid
        )
        multiples = []
        for lane, column in fabric_places(
            inputs=self._inputs,
            lanes=self._lanes,
            fabric_lanes=self._spec.fabric_lanes,
            fabric_columns=self._spec.fabric_columns,
        ):
            once = self.x.word_select(lane * self._inputs + column, 8).as_signed()
            multiples.append((column, multiples_of(once)))
        multiple = self._skewed(m, "multiple", multiples, any_valid) if multiples else None
        load = delayed(m, "load", self.load, self._chain)

        def make() -> MatmulRow:
            return row_of(self._spec, self._depth)

        model = make()
        alike = {
            "load": Cat(load),
            "x": x,
            "first": first,
            "at": at,
            "lane": self.lane,
            "read": self.read,
            "valid": Cat(Cat(lane[1:]) for lane in valid),
        }
        if multiple is not None:
            alike["multiples"] = multiple
        if self._grouped:
            alike["take"] = self.take
        if self._has_offsets:
            alike["sums"] = Cat(self._column_sum(m, v, any_valid) for v in range(self._lanes))
        cycles, dies = self._spec.row_slices, self._spec.row_dies or (0,)
        control = [name for name in ("load", "valid", "take") if name in alike]
        steering = {name: value for name, value in alike.items() if name not in WORDS}
        words = {name: value for name, value in alike.items() if name in WORDS}
        # The last register on the way is one for each group of rows.
        copied = min(cycles, 1)
        there = {
            die: sliced(m, f"to_die_{die}", words, cycles)
            | sliced(m, f"steer_die_{die}", steering, cycles - copied, control)
            for die in dict.fromkeys(dies)
        }
        group = rows_of_group(self._spec)
        count = 2 if self._spec.paired else 1
        for piece, die in enumerate(dies):
            rows = range(self._rows * piece // len(dies), self._rows * (piece + 1) // len(dies))
            own = {"weight": self._of_rows(self.weight, rows)}
            if self._grouped:
                own["m"] = self._of_rows(self.m.as_value(), rows)
            if self._has_offsets:
                own["n"] = self._of_rows(self.n.as_value(), rows)
            own = sliced(m, f"to_rows_{piece}", own, cycles)
            sums: dict[str, Value] = {}
            near = there[die]
            for first_row in rows[::count]:
                place = (first_row - rows.start) // count
                if place % group == 0:
                    here = {name: there[die][name] for name in steering}
                    label = f"steer_rows_{first_row // count}"
                    near = there[die] | sliced(m, label, here, copied, control)
                row = (
                    SharedComponent(make, model.signature.members, model.module, sealed=True)
                    if self._rows * self._inputs >= SHARED_ROWS_FROM
                    else make()
                )
                m.submodules[f"row_{first_row // count}"] = row
                for name, value in near.items():
                    m.d.comb += Value.cast(getattr(row, name)).eq(value)
                for name, value in own.items():
                    member = Value.cast(getattr(row, name))
                    m.d.comb += member.eq(value.word_select(place, len(member)))
                for each in range(count):
                    sums[f"{first_row + each}"] = row.o[each]
            back = sliced(m, f"from_rows_{piece}", sums, cycles)
            m.d.comb += [self.acc[row].eq(back[f"{row}"]) for row in rows]
        return m

    def _of_rows(self, value: Value, rows: range) -> Value:
        """The share of consecutive rows in what all rows have."""
        each = len(value) // self._rows
        return value[rows.start * each : rows.stop * each]

    def _column_sum(self, m: Module, lane: int, valid: list[Value]) -> Value:
        """The sum of the columns of a lane's x, in time for the multipliers of offsets."""
        count, cycle = self._inputs, 0
        columns = range(lane * count, (lane + 1) * count)
        values: list[Value] = [self.x.word_select(c, 8).as_signed() for c in columns]
        levels = tree_levels(count)
        for level in range(levels):
            pairs = [values[i : i + 2] for i in range(0, len(values), 2)]
            values = [sum(pair[1:], pair[0]) for pair in pairs]
            if (level + 1) % self._spec.levels == 0 or level == levels - 1:
                for i, value in enumerate(values):
                    name = f"column_sum{lane}_{level}_{i}"
                    values[i] = later = Signal(signed(len(value)), name=name, reset_less=True)
                    with m.If(valid[cycle]):
                        m.d.sync += later.eq(value)
                cycle += 1
        (total,) = values
        rest = self._stages - 1 - cycle
        return delayed(m, f"column_sum{lane}", total, rest, valid[cycle:], reset=False)[-1]

    def _skewed(
        self, m: Module, name: str, words: list[tuple[int, Value]], valid: list[Value]
    ) -> Value:
        """Words of the x beat in a register, those of column i of a chain i cycles later still."""
        parts = [value for _, value in words]
        for index in range(self._chain):
            chosen = [n for n, (column, _) in enumerate(words) if column % self._chain == index]
            column = named(m, f"{name}_column{index}", Cat(parts[n] for n in chosen))
            late = delayed(m, f"{name}{index}", column, index + 1, valid, reset=False)[-1]
            for n, place in enumerate(chosen):
                parts[place] = late.word_select(n, len(parts[place]))
        return named(m, f"{name}_skewed", Cat(parts))
