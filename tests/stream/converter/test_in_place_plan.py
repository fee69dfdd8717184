# SPDX-License-Identifier: Apache-2.0
"""Plans in place: a model of the walks over many pairs."""

import random
from math import prod

import pytest

from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.in_place_plan import place_plan
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from tests.stream.converter.pairs import FMT, bind, valid_pairs


def in_place(source, target):
    return ConverterSpec(source=source, target=target, kind=BufferKind.IN_PLACE)


class Walk:
    """One side of the model: a loop nest with an index a loop, as the hardware's counters."""

    def __init__(self, axes, trips):
        self.axes, self.trips = axes, [trips(axis) for axis in axes]
        self.index = [0] * len(axes)

    def advancing(self):
        """The loop that goes on after this access; None at the end of the block."""
        for k in reversed(range(len(self.axes))):
            if self.index[k] < self.trips[k] - 1:
                return k
        return None

    def step(self):
        k = self.advancing()
        self.index[k:] = [self.index[k] + 1, *([0] * (len(self.index) - k - 1))]

    def at(self, digit):
        return next(i for a, i in zip(self.axes, self.index, strict=True) if a.digit == digit)


def run_model(spec, symbol_values, rng):
    """Blocks of a tensor through one memory of a block, in a random interleaving.

    Strides come from the writer as in hardware: each word's place is a sum of strides, and those of
    a block are what the writer's own steps found. Returns the words in the order of the reads.
    """
    place, plan = spec.place, spec.plan
    trip = {s.name: symbol_values[s.name] for s in spec.symbols if not s.ragged}
    trips = lambda axis: axis.trip if isinstance(axis.trip, int) else trip[axis.trip.name]  # noqa: E731
    bits = plan.bank_bits if spec.source.lanes < plan.lanes else 0
    units = prod(trips(axis) for axis in place.write if axis.unit)
    inside = prod(trips(axis) for axis in place.write[place.apart :])
    turn = prod(trips(a) for a in place.write[place.lead + place.outer : place.apart])
    words = units * prod(trips(a) for a in place.write if not a.unit and a.increment >> bits)
    memory = {}
    previous, frees, taken = [], [], 0
    stride, result = 1, []
    for block in range(3):
        found, following, unit = {}, stride, 0
        write, read = Walk(place.write, trips), Walk(place.read, trips)
        writing = iter(range(prod(trips(axis) for axis in place.write)))
        begun, complete, reading, position = set(), 0, True, 0
        next_write = next(writing, None)
        while reading or next_write is not None:
            may_write = next_write is not None and (
                block == 0 or not _first_part(write, bits) or taken < len(previous)
            )
            may_read = reading and _needs(read, write, place, trips) < complete
            k = read.advancing()
            if may_read and k is not None and place.read[k].unit:
                may_read = place.read[k].digit in found
            assert may_write or may_read, "writer and reader wait for each other"
            if may_write and (not may_read or rng.random() < 0.5):
                u = units - 1 if unit == units - 1 else unit * stride % max(1, units - 1)
                where = u * place.pitch + _offset(write, bits)
                if _first_part(write, bits):
                    if block:
                        assert where == previous[taken], "not the place that was freed"
                        taken += 1
                    assert where not in begun and (block, where) not in memory
                    begun.add(where)
                    assert where < plan.words
                memory[block, where] = next_write // _parts(write, bits)
                complete = next_write + 1
                k = write.advancing()
                if k is not None:
                    last = unit
                    unit = complete // inside % units
                    ahead = unit * stride % max(1, units - 1)
                    if unit != last and place.write[k].unit:
                        found.setdefault(place.write[k].digit, ahead)
                    if unit == turn and place.outer:
                        following = ahead if turn < units else stride
                    write.step()
                next_write = next(writing, None)
            else:
                result.append(_read(read, memory, block, found, place, units, bits, spec))
                last_touch = all(
                    i == t - 1
                    for a, i, t in zip(read.axes, read.index, read.trips, strict=True)
                    if a.digit is None
                )
                if last_touch:
                    frees.append(result[-1][0])
                reading = read.advancing() is not None
                if reading:
                    read.step()
                position += 1
        assert len(frees) == words
        for where in frees:
            del memory[block, where]
        previous, frees, taken, stride = frees, [], 0, following
    return [word for _, word in result]


def _first_part(walk, bits):
    return all(
        i == 0
        for a, i in zip(walk.axes, walk.index, strict=True)
        if not a.unit and not a.increment >> bits
    )


def _parts(walk, bits):
    return prod(
        t
        for a, t in zip(walk.axes, walk.trips, strict=True)
        if not a.unit and not a.increment >> bits
    )


def _offset(walk, bits):
    return sum(a.increment * i for a, i in zip(walk.axes, walk.index, strict=True)) >> bits


def _needs(read, write, place, trips):
    """The number of the last beat of the word that is read next."""
    rank = 0
    for digit, axis in enumerate(place.write):
        index = [i for a, i in zip(read.axes, read.index, strict=True) if a.digit == digit]
        rank = rank * trips(axis) + (index[0] if index else trips(axis) - 1)
    return rank


def _read(read, memory, block, found, place, units, bits, spec):
    total = sum(
        found.get(a.digit, 0) * i for a, i in zip(read.axes, read.index, strict=True) if a.unit
    )
    at_end = all(
        i == t - 1 for a, i, t in zip(read.axes, read.index, read.trips, strict=True) if a.unit
    )
    unit = units - 1 if at_end else total % max(1, units - 1)
    narrow = spec.plan.bank_bits if spec.target.lanes < spec.plan.lanes else 0
    where = unit * place.pitch + _offset(read, narrow)
    return where, memory[block, where]


def wanted_words(spec, symbol_values):
    """The words of one block in the order of the target, by their number in that of the source."""
    plan = spec.plan
    wide = spec.source if spec.source.lanes == plan.lanes else spec.target
    names = {}
    for offset in ITensor(FMT, spec.source.tile, plan.source).order(symbol_values).tolist():
        names.setdefault(tuple(o // t for o, t in zip(offset, wide.tile, strict=True)), len(names))
    return [
        names[tuple(o // t for o, t in zip(offset, wide.tile, strict=True))]
        for offset in ITensor(FMT, spec.target.tile, plan.target).order(symbol_values).tolist()
    ]


def test_model_of_random_pairs():
    """The walks give the target's order, write only what is freed, and need one block."""
    rng, count, turned = random.Random(11), 0, 0
    for spec in valid_pairs(12, 1800):
        if spec.place is None or any(s.ragged for s in spec.symbols):
            continue
        spec = in_place(spec.source, spec.target)
        symbol_values = bind(rng, spec)
        got = run_model(spec, symbol_values, rng)
        assert got == wanted_words(spec, symbol_values) * 3, f"{spec.source} to {spec.target}"
        assert spec.bits == prod(spec.plan.block) * FMT.width == spec.ping_pong_bits // 2
        count += 1
        turned += spec.place.units > 0
    assert count >= 1000, (count, turned)
    assert turned >= 250, turned


def test_orders_that_are_no_rotation():
    reverse = ITensor(FMT, (1, 1, 1), (Loop(4, 1, 2), Loop(3, 1, 1), Loop(2, 1, 0)))
    with pytest.raises(
        ValueError, match=r"^Converter in place must have orders that differ by one"
    ):
        in_place(row_major(FMT, (2, 3, 4)), reverse)
    parts = ITensor(FMT, (1, 1), (Loop(2, 1, 1), Loop(3, 1, 0)))
    spec = ConverterSpec(source=parts, target=row_major(FMT, (3, 2), 2))
    assert spec.place is None
    assert place_plan(spec.plan, spec.source, spec.target) is None


def test_a_large_walk_has_few_numbers():
    tokens = Symbol("tokens", 128)
    target = ITensor(FMT, (1, 8), (Loop(432), Loop(144, 8, 1), Loop(tokens, 1, 0)))
    place = in_place(row_major(FMT, (tokens, 1152), 8), target).place
    assert (place.outer, place.units, place.pitch, place.symbols) == (1, 2, 1, (tokens,))
    assert place.lead == 0
