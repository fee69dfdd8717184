# SPDX-License-Identifier: Apache-2.0
"""Address walks in place: strides that one side finds while it writes, and the other reads by."""

from collections.abc import Sequence
from math import prod

from amaranth.hdl import Array, Cat, Const, Module, Mux, ShapeLike, Signal, Value
from amaranth.lib.wiring import Flow, In, Out

from ..address_generator import AddressGenerator
from ..axis import Axis
from .in_place_plan import PlaceAxis, PlacePlan

__all__ = ["PlaceReader", "PlaceWriter", "position_of", "position_width"]


def position_width(place: PlacePlan) -> int:
    """Bits of a position in the order of the source."""
    return sum((_bound(axis) - 1).bit_length() for axis in place.write)


def position_of(place: PlacePlan, axes: Sequence[PlaceAxis], counts: Sequence[Signal]) -> Value:
    """Iterations that are left of each loop of the source, the innermost lowest: a smaller number
    is later. Parts of a word that a walk does not have one by one count as the last one."""
    left: list[Value] = [Const(0, (_bound(axis) - 1).bit_length()) for axis in place.write]
    for axis, count in zip(axes, counts, strict=True):
        if axis.digit is not None:
            left[axis.digit] = count
    return Cat(reversed(left))


class _PlaceWalk(AddressGenerator):
    """What both walks have: a unit, and an offset with fixed strides inside it.

    Members     position: Out, in the order of the source (see ``position_of``)
    """

    def __init__(
        self,
        *,
        place: PlacePlan,
        shared: Sequence[Axis],
        axes: Sequence[PlaceAxis],
        words: int,
        bits: int,
        members: dict[str, tuple[Flow, ShapeLike]],
    ):
        self._place = place
        self._inner = tuple(axes)
        self._bits = bits
        self._scale = _scale(place)
        self._last = _last_unit(place)
        self._unit = _unit_range(place)
        super().__init__(
            axes=(*shared, *axes),
            blocks_below=len(shared),
            pitch=words << bits,
            members={
                "position": Out(position_width(place)),
                **{name: flow(shape) for name, (flow, shape) in members.items()},
            },
        )

    def _units(self) -> list[int]:
        """Loops, counted from the outermost of the walk, whose strides change."""
        return [self._blocks_below + k for k, axis in enumerate(self._inner) if axis.unit]

    def _place_of(
        self,
        m: Module,
        counts: Sequence[Signal],
        done: Sequence[Signal],
        unit: Value,
        last: Value,
        plain: Value,
    ) -> None:
        """Unit and offset as one address."""
        moving = {
            self._blocks_below + k: axis.increment
            for k, axis in enumerate(self._inner)
            if axis.increment and axis.trip != 1
        }
        inside = {k: by for k, by in moving.items() if by < self._place.pitch << self._bits}
        around = {k: by for k, by in moving.items() if k not in inside}
        pitch = self._place.pitch << self._bits

        def offset_of(axes: dict[int, int], like: Signal) -> Value:
            def advanced(k: int, start: Value) -> Value:
                return start + axes[k]

            return self._accumulate(m, counts, done, axes, advanced, Const(0), Const(0), like)

        offset = offset_of(inside, Signal(range(max(2, pitch)), name="like_offset"))
        part = offset_of(around, Signal.like(self.address, name="like_part"))
        at_end = ~Cat(counts[k] != 0 for k in self._units()).any()
        chosen = Signal(self._unit, name="unit_now")
        m.d.comb += chosen.eq(Mux(at_end & ~plain, last, unit) if self._units() else 0)
        if self._scale == 1:
            size = pitch.bit_length() - 1
            inner = Cat((offset | Const(0, size))[:size], chosen)
        else:
            inner = offset + (chosen << self._bits)
        m.d.comb += self.address.eq(inner + part)


class PlaceWriter(_PlaceWalk):
    """The writer's walk: unit after unit by one stride, which changes from block to block.

    Where a loop advances for the first time in a block, the unit that comes is the stride of that
    loop: the reader of this block takes it. The first one beyond the innermost loops Y is the
    stride of the next block.

    If the size of a block depends on symbols, the first block after a change is written in plain
    order, and its end tells the modulus; it waits until the reader is done with all others.

    Members     reading: In(1), which of two blocks the reader is in
                block: Out(1), which one the writer is in;  same: Out(1), it is the reader's
                changes: Out(1), no beat may be written before the reader is done
                restart: Out(1), the reader is done: all places are free
                first_part: Out(1), no part of this word has been written
                free_run: Out(1), this block needs no places of the one before
                stride_<n>, known_<n>: Out, of loop n in the reader's block
                plain: Out(1), the reader's block is in plain order;  last: Out, the last unit
    """

    def __init__(
        self,
        *,
        place: PlacePlan,
        shared: Sequence[Axis],
        words: int,
        bits: int,
    ):
        super().__init__(
            place=place,
            shared=shared,
            axes=place.write,
            words=words,
            bits=bits,
            members={
                "reading": (In, 1),
                "block": (Out, 1),
                "same": (Out, 1),
                "changes": (Out, 1),
                "restart": (Out, 1),
                "first_part": (Out, 1),
                "free_run": (Out, 1),
                "plain": (Out, 1),
                "last": (Out, _unit_range(place)),
                **{f"stride_{n}": (Out, _unit_range(place)) for n in range(place.units)},
                **{f"known_{n}": (Out, 1) for n in range(place.units)},
            },
        )

    def _address(self, m: Module, counts: list[Signal], done: list[Signal]) -> None:
        place, below = self._place, self._blocks_below
        m.d.comb += [
            self.position.eq(position_of(self._place, self._inner, counts[self._blocks_below :])),
            self.same.eq(~self._other()),
        ]
        with m.If(self.step & self.block_end):
            m.d.sync += self.block.eq(~self.block)
        parts = [k for k, axis in enumerate(self._inner) if k >= self._words()]
        begun = [counts[below + k] != _bound(self._inner[k]) - 1 for k in parts]
        m.d.comb += self.first_part.eq(~Cat(begun).any())
        plain = self._restart(m, counts)
        unit = self._write_unit(m, done, plain) if place.units else Const(0)
        self._place_of(m, counts, done, unit, self.last, plain)

    def _write_unit(self, m: Module, done: list[Signal], plain: Value) -> Value:
        """Unit after unit by the stride of this block; finds that of the next."""
        place, outside = self._place, self._blocks_below + self._place.lead
        assert place.outer is not None
        unit = Signal(self._unit)
        first = self._scale if self._last else 0
        stride = Signal(self._unit, init=first)
        ahead = _modular(m, unit, stride, self.last, plain, "unit_ahead")
        rotated = Signal()
        following = Signal.like(stride)
        with m.If(self.step & done[outside + place.units]):
            m.d.sync += unit.eq(Mux(done[outside], 0, ahead))
        with m.If(self.step & done[outside + place.outer] & ~done[outside] & ~rotated):
            m.d.sync += [rotated.eq(1), following.eq(ahead)]
        with m.If(self.step & self.block_end):
            m.d.sync += rotated.eq(0)
            with m.If(rotated):
                m.d.sync += stride.eq(following)
        with m.If(self.restart):
            m.d.sync += stride.eq(first)
        if place.symbols:
            with m.If(self.step & self.block_end & plain):
                m.d.sync += self.last.eq(unit)
        else:
            m.d.comb += self.last.eq(self._last * self._scale)
        self._strides(m, done, ahead)
        return unit

    def _other(self) -> Value:
        return self.block ^ self.reading

    def _words(self) -> int:
        """Loops over words: those over parts of a word are inside them."""
        return len([a for a in self._place.write if a.unit or a.increment >> self._bits])

    def _restart(self, m: Module, counts: list[Signal]) -> Value:
        """Handles a change of the block's size; returns whether this block is in plain order."""
        sized = [
            self._blocks_below + k
            for k, axis in enumerate(self._inner)
            if axis.trip in self._place.symbols
        ]
        if not sized:
            return Const(0)
        start, begun = Signal(init=1), Signal()
        before = [Signal.like(counts[k], name=f"before_{k}") for k in sized]
        differs = Cat(counts[k] != old for k, old in zip(sized, before, strict=True)).any()
        plain = Array([Signal(init=1, name="plain_0"), Signal(init=0, name="plain_1")])
        m.d.comb += [
            self.changes.eq(start & begun & differs),
            self.restart.eq(self.changes & self.valid & self.same),
            self.plain.eq(plain[self.reading]),
            self.free_run.eq(plain[self.block]),
        ]
        with m.If(self.step):
            m.d.sync += [start.eq(self.block_end), begun.eq(1)]
            with m.If(start):
                m.d.sync += [old.eq(counts[k]) for k, old in zip(sized, before, strict=True)]
            with m.If(self.block_end):
                m.d.sync += plain[~self.block].eq(0)
        with m.If(self.restart):
            m.d.sync += plain[self.block].eq(1)
            m.d.sync += [old.eq(counts[k]) for k, old in zip(sized, before, strict=True)]
        return self.free_run

    def _strides(self, m: Module, done: list[Signal], ahead: Value) -> None:
        """Notes the strides of loops where they first advance, for each of two blocks."""
        for n in range(self._place.units):
            k = self._blocks_below + self._place.lead + n
            seen = Signal(name=f"seen_{n}")
            found = Array(Signal(self._unit, name=f"stride_{n}_{block}") for block in range(2))
            with m.If(self.step & done[k + 1] & ~done[k] & ~seen):
                m.d.sync += [seen.eq(1), found[self.block].eq(ahead)]
            with m.If(self.step & self.block_end):
                m.d.sync += seen.eq(0)
            m.d.comb += [
                getattr(self, f"stride_{n}").eq(found[self.reading]),
                getattr(self, f"known_{n}").eq(~self.same | seen),
            ]


class PlaceReader(_PlaceWalk):
    """The reader's walk, by the strides that the writer of the block has found.

    Members     stride_<n>, known_<n>, plain, last: In, see ``PlaceWriter``
                may_advance: Out(1), the stride to the access after this one is known
                last_part: Out(1), this access is the last one of its word
    """

    def __init__(
        self,
        *,
        place: PlacePlan,
        shared: Sequence[Axis],
        words: int,
        bits: int,
    ):
        super().__init__(
            place=place,
            shared=shared,
            axes=place.read,
            words=words,
            bits=bits,
            members={
                "may_advance": (Out, 1),
                "last_part": (Out, 1),
                "plain": (In, 1),
                "last": (In, _unit_range(place)),
                **{f"stride_{n}": (In, _unit_range(place)) for n in range(place.units)},
                **{f"known_{n}": (In, 1) for n in range(place.units)},
            },
        )

    def _address(self, m: Module, counts: list[Signal], done: list[Signal]) -> None:
        below = self._blocks_below
        digits = {
            below + k: axis.digit - self._place.lead
            for k, axis in enumerate(self._inner)
            if axis.unit and axis.digit is not None
        }
        m.d.comb += self.position.eq(
            position_of(self._place, self._inner, counts[self._blocks_below :])
        )
        again = [below + k for k, axis in enumerate(self._inner) if axis.digit is None]
        m.d.comb += self.last_part.eq(~Cat(counts[k] != 0 for k in again).any())
        unknown = [
            done[k + 1] & (counts[k] != 0) & ~getattr(self, f"known_{n}") for k, n in digits.items()
        ]
        m.d.comb += self.may_advance.eq(~Cat(unknown).any())

        def advanced(k: int, start: Value) -> Value:
            stride = getattr(self, f"stride_{digits[k]}")
            return _modular(m, start, stride, self.last, self.plain, f"ahead_unit_{k}")

        like = Signal(self._unit, name="like_unit")
        unit = self._accumulate(m, counts, done, digits, advanced, Const(0), Const(0), like)
        self._place_of(m, counts, done, unit, self.last, self.plain)


def _modular(
    m: Module, place: Value, stride: Value, modulus: Value, plain: Value, name: str
) -> Value:
    """The sum of two residues, as a residue; in plain order as it is."""
    total = Signal(len(modulus) + 1, name=f"{name}_sum")
    result = Signal(len(modulus), name=name)
    m.d.comb += [
        total.eq(place + stride),
        result.eq(Mux((total >= modulus) & ~plain, total - modulus, total)),
    ]
    return result


def _scale(place: PlacePlan) -> int:
    """What a unit counts: a power of two needs no adder, the unit is the upper part of the
    address; else words."""
    return 1 if place.pitch & (place.pitch - 1) == 0 else place.pitch


def _last_unit(place: PlacePlan) -> int:
    """The number of the last unit, symbols at their bounds."""
    return prod(_bound(axis) for axis in place.write if axis.unit) - 1


def _unit_range(place: PlacePlan) -> range:
    return range(_last_unit(place) * _scale(place) + 2)


def _bound(axis: Axis) -> int:
    return axis.trip if isinstance(axis.trip, int) else axis.trip.bound
