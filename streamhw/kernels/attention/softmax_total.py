# SPDX-License-Identifier: Apache-2.0
"""The sum of softmax for several elements a cycle: bit for bit that of one after the other."""

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value
from amaranth.utils import bits_for, ceil_log2

from .softmax_geometry import SoftmaxGeometry

__all__ = ["add_positions"]


def add_positions(
    m: Module,
    spec: SoftmaxGeometry,
    head: int,
    mantissas: Sequence[Value],
    powers: Sequence[Value],
    starts: Value,
    used: Value,
) -> tuple[Signal, Signal]:
    """The largest power and the sum of a row.

    One after the other, an element that is larger, by a powers of two, than all before it cuts the
    sum T to T >> a before its own term t is added: what that drops depends on the order, and so the
    elements of a beat must be in it. For all of them::

        (((T >> a1) + t1) >> a2) + t2 ... = (T >> A) + R + c,  A = a1 + a2 + ...

    R is what the same steps make of 0. The bits that they drop of R, each above those before, are
    X < 2^A; c is 1 if these and the A bits that T loses would have made another 1 together: if
    their sum has a carry out of bit A. None of A, R and X takes part in the loop of T.

    mantissas, powers: of the elements of a beat; behind the end of a row 0 and the least power
    starts, used: from the cycle of these on, whether each register holds the first beat of a row,
    or a beat at all
    """
    cap = (1 << bits_for(spec.sum_width)) - 1
    shape, count = spec.power_shape, len(powers)

    def named(name: str, of: int | Shape | range, at: int) -> Signal:
        return Signal(of, name=f"{name}_{head}_{at}", reset_less=True)

    # the largest power up to each element, of the beat alone
    peaks = list(powers)
    for level in range(ceil_log2(count)):
        below = 1 << level
        pairs = zip(peaks, peaks[below:], strict=False)
        peaks[below:] = [Mux(a > b, a, b) for a, b in pairs]
    tops = [named("top", shape, i) for i in range(count)]
    m.d.sync += [top.eq(peak) for top, peak in zip(tops, peaks, strict=True)]

    # and with those of all beats before, but without the element itself
    largest = Signal(shape, name=f"largest_{head}", reset_less=True)
    before = Signal(shape, name=f"before_{head}")
    m.d.comb += before.eq(Mux(starts[1], Const(-1 << shape.width - 1, shape), largest))
    reached = [before, *(Mux(top > before, top, before) for top in tops)]
    with m.If(used[1]):
        m.d.sync += largest.eq(reached[-1])

    cuts, terms = [], []
    for i, (mantissa, power) in enumerate(zip(mantissas, powers, strict=True)):
        element = _delayed(m, mantissa, 2, f"element_{head}_{i}")
        whole = _delayed(m, power, 2, f"whole_of_{head}_{i}")
        earlier = named("earlier", shape, i)
        apart = named("apart", Shape(shape.width + 1, signed=True), i)
        distance, capped = named("distance", shape.width, i), named("capped", range(cap + 1), i)
        shift, shift_term, cut = (
            named(n, range(cap + 1), i) for n in ("shift_sum", "shift_term", "cut")
        )
        wide, term = (named(n, spec.sum_frac + 1, i) for n in ("term_wide", "term"))
        m.d.comb += [
            apart.eq(whole - earlier),
            distance.eq(Mux(apart < 0, -apart, apart)),
            capped.eq(Mux(distance > cap, cap, distance)),
        ]
        m.d.sync += [
            earlier.eq(reached[i]),
            shift.eq(Mux(apart > 0, capped, 0)),
            shift_term.eq(Mux(apart > 0, 0, capped)),
            wide.eq(element << (spec.sum_frac - spec.frac)),
            term.eq(wide >> shift_term),
            cut.eq(shift),
        ]
        # the elements of a beat are added up one in a stage
        cuts.append(_delayed(m, cut, max(0, i - 1), f"cut_{head}_{i}"))
        terms.append(_delayed(m, term, max(0, i - 1), f"term_{head}_{i}"))
    at = 4 + count - 1
    return largest, _total(m, spec, head, cuts, terms, starts[at], used[at])


def _total(
    m: Module,
    spec: SoftmaxGeometry,
    head: int,
    cuts: Sequence[Value],
    terms: Sequence[Value],
    starts: Value,
    used: Value,
) -> Signal:
    """The sum T. Its loop has a shift beside a carry chain, and the adder of both."""
    width, cap = spec.sum_width, (1 << bits_for(spec.sum_width)) - 1
    amount, rest = cuts[0], terms[0]  # A and R of the elements so far
    fallen: Value = Const(0, width)  # X, as far as T has bits beside it
    filled: Value = Const(1, 1)  # whether X has only ones above
    for step, (cut, term) in enumerate(zip(cuts[1:], terms[1:], strict=True), 1):
        mask, falls, holes = (
            Signal(cap, name=f"{n}_{head}_{step}") for n in ("mask", "falls", "holes")
        )
        room = Signal(range(width + 1), name=f"room_{head}_{step}")
        amounts = Signal(range(cap + 1), name=f"amount_{head}_{step}", reset_less=True)
        rests, fallens, aboves = (
            Signal(width, name=f"{n}_{head}_{step}", reset_less=True)
            for n in ("rest", "fallen", "above")
        )
        fills = Signal(name=f"filled_{head}_{step}", reset_less=True)
        after = Signal(range(cap + 1), name=f"after_{head}_{step}")
        m.d.comb += [
            mask.eq((1 << cut) - 1),
            falls.eq(rest & mask),
            holes.eq(falls ^ mask),
            room.eq(Mux(amount < width, width - amount, 0)),
            after.eq(Mux(amount + cut > cap, cap, amount + cut)),
        ]
        m.d.sync += [
            amounts.eq(after),
            rests.eq((rest >> cut) + term),
            fallens.eq(fallen | (falls << amount)),
            fills.eq(filled & ~(holes >> room).any()),
            aboves.eq(~((1 << after) - 1)),
        ]
        amount, rest, fallen, filled, above = amounts, rests, fallens, fills, aboves
    total = Signal(width, name=f"total_{head}", reset_less=True)
    kept = Signal(width, name=f"kept_{head}")
    carry = Signal(width + 1, name=f"carry_{head}")
    m.d.comb += [
        kept.eq(Mux(starts, 0, total)),
        # ones above bit A hand a carry out of it on to the end
        carry.eq((kept | above) + fallen),
    ]
    with m.If(used):
        m.d.sync += total.eq((kept >> amount) + rest + (carry[-1] & filled))
    return total


def _delayed(m: Module, value: Value, cycles: int, name: str) -> Value:
    for cycle in range(cycles):
        later = Signal(value.shape(), name=f"{name}_{cycle + 1}", reset_less=True)
        m.d.sync += later.eq(value)
        value = later
    return value
