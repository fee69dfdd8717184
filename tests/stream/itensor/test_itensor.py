# SPDX-License-Identifier: Apache-2.0
"""The type of a stream against explicit enumeration: order, beats, shape, packing, equality."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from streamhw.stream.itensor.normal_form import several_twos
from tests.stream.random_types import FMT, choices, enumerated, pairs

PAIRS = 12_000
N, M = Symbol("n", 3), Symbol("m", 4)
TWO, TOO, ONE = Symbol("two", 2), Symbol("too", 2), Symbol("one", 1)
LENGTH = Symbol("length", 4, ragged=True)

once = settings(derandomize=True, deadline=None, max_examples=200)


def lanes_of(itensor: ITensor) -> list[tuple[int, ...]]:
    return list(product(*(range(size) for size in itensor.tile)))


TRIPS = st.integers(1, 4)


@st.composite
def types(draw: st.DrawFn, trips: st.SearchStrategy[int | Symbol] = TRIPS) -> ITensor:
    """Any nest of up to five loops over up to three dimensions, overlaps and gaps included."""
    rank = draw(st.integers(1, 3))
    loop = st.builds(Loop, trips, st.integers(1, 5), st.none() | st.integers(0, rank - 1))
    tile = draw(st.lists(st.integers(1, 3), min_size=rank, max_size=rank))
    return ITensor(FMT, tuple(tile), tuple(draw(st.lists(loop, max_size=5))))


@once
@given(types())
def test_order_beats_and_shape(itensor: ITensor) -> None:
    expected = enumerated(itensor)
    assert [tuple(row) for row in itensor.order().tolist()] == expected
    assert itensor.beats() == len(expected)
    extent = (max(offsets) for offsets in zip(*expected, strict=True))
    assert itensor.tensor_shape() == tuple(map(sum, zip(extent, itensor.tile, strict=True)))
    assert itensor.beat_bits == 8 * len(lanes_of(itensor))


@once
@given(types(TRIPS | st.sampled_from([N, M])), st.integers(1, 3), st.integers(1, 4))
def test_order_with_symbols(itensor: ITensor, n: int, m: int) -> None:
    symbol_values = {"n": n, "m": m}
    expected = enumerated(itensor, symbol_values)
    assert [tuple(row) for row in itensor.order(symbol_values).tolist()] == expected
    assert itensor.beats(symbol_values) == len(expected)
    assert itensor.beats() >= len(expected)


@once
@given(types(TRIPS | st.just(LENGTH)), st.lists(st.integers(1, 4), min_size=4, max_size=4))
def test_order_with_ragged_symbols(itensor: ITensor, lengths: list[int]) -> None:
    if itensor.loops and itensor.loops[0].trip == LENGTH:
        itensor = replace(itensor, loops=(Loop(2), *itensor.loops))
    symbol_values = {"length": lengths}
    expected = enumerated(itensor, symbol_values)
    assert [tuple(row) for row in itensor.order(symbol_values).tolist()] == expected
    assert itensor.beats(symbol_values) == len(expected)


@once
@given(types(), st.integers(0, 1000))
def test_pack_and_unpack(itensor: ITensor, seed: int) -> None:
    shape = itensor.tensor_shape()
    tensor = np.random.default_rng(seed).integers(-128, 128, shape)
    beats = itensor.pack(tensor)
    assert beats.shape == (itensor.beats(), itensor.lanes)
    seen = np.zeros(shape, dtype=bool)
    for beat, offset in zip(beats, enumerated(itensor), strict=True):
        for value, lane in zip(beat, lanes_of(itensor), strict=True):
            where = tuple(o + k for o, k in zip(offset, lane, strict=True))
            assert value == tensor[where]
            seen[where] = True
    assert (itensor.unpack(beats) == np.where(seen, tensor, 0)).all()


# Equality of types is equality of order: random nests, and rewritings that keep the order.


def same_order(a: ITensor, b: ITensor, symbol_values: Mapping[str, int | list[int]]) -> bool:
    return a.tile == b.tile and np.array_equal(a.order(symbol_values), b.order(symbol_values))


def names(symbols: tuple[Symbol, ...]) -> str:
    return " ".join(map(str, symbols))


def test_same_stream_is_same_order() -> None:
    """Both directions, with fixed trips."""
    print(f"seed {PAIRS}")
    found = {True: 0, False: 0}
    for first, second in pairs(Random(PAIRS), (1, 2, 2, 3, 4, 6), PAIRS):
        same = same_order(first, second, {})
        assert first.is_same_stream(second) == same, f"{first} and {second}"
        assert (first.normal() == second.normal()) == same
        found[same] += 1
    assert min(found.values()) > PAIRS // 5, found


@pytest.mark.parametrize(
    "symbols", [(N, M), (N, TWO), (TWO, TOO), (TWO, TOO, ONE), (N, M, ONE)], ids=names
)
def test_same_stream_is_same_order_for_every_value_of_the_symbols(
    symbols: tuple[Symbol, ...],
) -> None:
    """Both directions; one normal form unless a symbol of bound 2 bounds several loops."""
    print(f"seed {PAIRS}")
    count, found, alone = PAIRS // 4, {True: 0, False: 0}, 0
    for first, second in pairs(Random(PAIRS), (1, 2, 2, 3, *symbols), count):
        same = all(same_order(first, second, values) for values in choices(symbols))
        assert first.is_same_stream(second) == same, f"{first} and {second}"
        if first.normal() != second.normal() and same:
            alone += 1
            assert several_twos(first.loops, second.loops), f"{first} and {second}"
        found[same] += 1
    assert min(found.values()) > count // 20, found
    assert alone < count // 100


def test_every_small_nest_of_an_order_has_its_normal_form() -> None:
    """All nests of up to three loops over small trips and steps, also those of two values."""
    loops = [Loop(trip) for trip in (2, 4, TWO)]
    loops += [Loop(t, s, 0) for t in (2, 3, 4, TWO, TOO) for s in (1, 2, 4)]
    forms: dict[tuple[bytes, ...], set[tuple[Loop, ...]]] = defaultdict(set)
    seen = 0
    for depth in range(4):
        for nest in product(loops, repeat=depth):
            if several_twos(nest):
                continue
            seen += 1
            itensor = ITensor(FMT, (1,), nest)
            orders = tuple(itensor.order(v).tobytes() for v in choices((TWO, TOO)))
            forms[orders].add(itensor.normal().loops)
    assert seen > 4_900
    assert all(len(found) == 1 for found in forms.values())
    assert len({form for found in forms.values() for form in found}) == len(forms)


def test_same_stream_with_ragged_symbols_is_same_order() -> None:
    """Both directions: for all values, one for each index of the outermost loop."""
    random, found = Random(5), {True: 0, False: 0}
    for first, second in pairs(random, (1, 2, 3, LENGTH, N), PAIRS // 4):
        one, other = (replace(t, loops=(Loop(3, 6, 0), *t.loops)) for t in (first, second))
        ragged = [LENGTH in {loop.trip for loop in t.loops} for t in (one, other)]
        if not any(ragged):
            continue
        same = all(
            same_order(one, other, {"n": n, "length": lengths})
            for n in (1, 2, 3)
            for lengths in ([1, 1, 1], [1, 2, 3], [2, 1, 4], [3, 3, 2], [4, 4, 4])
        )
        assert one.is_same_stream(other) == same, f"{one} and {other}"
        found[same] += 1
    assert min(found.values()) > PAIRS // 40, found


@once
@given(types())
def test_normal_form_is_a_fixed_point_of_the_same_order(itensor: ITensor) -> None:
    normal = itensor.normal()
    assert normal.normal() == normal
    assert np.array_equal(normal.order(), itensor.order())


def nest(*loops: Loop) -> ITensor:
    return ITensor(FMT, (1, 1), loops)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param(nest(Loop(1, 7, 0), Loop(4, 1, 1)), nest(Loop(4, 1, 1)), id="one tile"),
        pytest.param(nest(Loop(2), Loop(3)), nest(Loop(6)), id="re-reads merge"),
        pytest.param(nest(Loop(2), Loop(1, 5, 1), Loop(3)), nest(Loop(6)), id="around one trip"),
        pytest.param(nest(Loop(2, 9), Loop(3, 4, 0)), nest(Loop(2), Loop(3, 4, 0)), id="no effect"),
        pytest.param(nest(Loop(2, 4, 0), Loop(4, 1, 0)), nest(Loop(8, 1, 0)), id="continues"),
        pytest.param(
            nest(Loop(2, 8, 0), Loop(2, 4, 0), Loop(4, 1, 0)), nest(Loop(16, 1, 0)), id="in three"
        ),
        pytest.param(nest(Loop(N), Loop(3)), nest(Loop(3), Loop(N)), id="re-reads commute"),
        pytest.param(nest(Loop(2), Loop(N), Loop(M), Loop(3)), nest(Loop(M), Loop(6), Loop(N))),
        pytest.param(nest(Loop(N, 4, 0), Loop(2, 2, 0), Loop(2, 1, 0)), row_major(FMT, (N, 1))),
    ],
)
def test_pairs_worth_a_name(a: ITensor, b: ITensor) -> None:
    values = {"n": 2, "m": 3}
    assert a.is_same_stream(b) == np.array_equal(a.order(values), b.order(values))


def test_different_streams() -> None:
    rows = row_major(FMT, (2, 8), 4)
    for other in (
        row_major(Fixed(9), (2, 8), 4),
        row_major(FMT, (2, 8), 2),
        row_major(FMT, (8, 2), 1),
        nest(Loop(2, 4, 1), Loop(2, 1, 0)),
        replace(rows, loops=(Loop(2), *rows.loops)),
    ):
        assert not rows.is_same_stream(other)


def test_ragged_values_count_the_outermost_loop() -> None:
    """Four values, one a row, are not two values, one for two rows; inside, all is as elsewhere."""
    moved = nest(Loop(4, 1, 0), Loop(LENGTH), Loop(3), Loop(2, 1, 1))
    assert moved.is_same_stream(nest(Loop(4, 1, 0), Loop(3), Loop(LENGTH), Loop(2, 1, 1)))
    inner = (Loop(LENGTH, 1, 1),)
    four = nest(Loop(4, 1, 0), *inner)
    two = nest(Loop(2, 2, 0), Loop(2, 1, 0), *inner)
    assert not four.is_same_stream(two)
    assert four.beats({"length": [1, 2, 3, 4]}) == 10
    assert two.beats({"length": [1, 4]}) == 10
    one = nest(Loop(1, 3, 0), *inner)
    assert one.is_same_stream(nest(Loop(1), *inner))
    assert one.normal().order({"length": [2]}).tolist() == [[0, 0], [0, 1]]


# The published examples (Figure 5 of StreamTensor), all over a tensor of 8 x 8.

FIGURE_5 = {
    "a": ITensor(FMT, (2, 2), (Loop(4, 2, 0), Loop(4, 2, 1))),
    "b": ITensor(FMT, (4, 2), (Loop(4, 2, 1), Loop(2, 4, 0))),
    "c": ITensor(FMT, (4, 2), (Loop(4, 2, 1), Loop(2), Loop(2, 4, 0))),
}


def test_published_examples() -> None:
    assert {t.tensor_shape() for t in FIGURE_5.values()} == {(8, 8)}
    assert FIGURE_5["a"].order()[:5].tolist() == [[0, 0], [0, 2], [0, 4], [0, 6], [2, 0]]
    assert FIGURE_5["b"].order()[:4].tolist() == [[0, 0], [4, 0], [0, 2], [4, 2]]
    assert FIGURE_5["c"].order()[:5].tolist() == [[0, 0], [4, 0], [0, 0], [4, 0], [0, 2]]
    assert [t.beats() for t in FIGURE_5.values()] == [16, 8, 16]
    assert not FIGURE_5["b"].is_same_stream(FIGURE_5["c"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ITensor(FMT, (), ()), r"^ITensor tile must have positive sizes, not \(\)$"),
        (lambda: ITensor(FMT, (2, 0), ()), r"tile must have positive sizes, not \(2, 0\)$"),
        (lambda: nest(Loop(0, 1, 0)), r"^ITensor trip must be at least 1, not 0 in 1x1:s8 \(0 d0"),
        (
            lambda: nest(Loop(np.int64(2), 1, 0)),
            r"^ITensor trip must be an int or a Symbol, not np.int64\(2\)$",
        ),
        (lambda: nest(Loop(2, 1, 2)), r"^ITensor loop must map to a dimension below 2, not 2$"),
        (lambda: nest(Loop(2, 0, 1)), r"^ITensor step must be positive, not 0 in 1x1:s8"),
        (lambda: row_major(FMT, (2, 6), 4), r"^lanes must divide the last extent 6, not 4$"),
        (lambda: row_major(FMT, (2, N), 1), r"^lanes must divide the last extent n<=3, not 1$"),
        (
            lambda: nest(Loop(N, 1, 0)).order({"n": 4}),
            r"^Symbol n<=3 must be 1 to 3, not 4$",
        ),
        (lambda: nest(Loop(N, 1, 0)).beats({"n": 0}), r"^Symbol n<=3 must be 1 to 3, not 0$"),
        (
            lambda: nest(Loop(LENGTH, 1, 0)).order({"length": [1, 2]}),
            r"^Symbol length must not be ragged in the outermost loop$",
        ),
        (
            lambda: nest(Loop(3, 1, 0), Loop(LENGTH, 1, 1)).order({"length": [1, 2]}),
            r"^Symbol length must have a value for each index of the outermost loop, not 2 values$",
        ),
        (
            lambda: nest(Loop(3, 1, 0), Loop(N, 1, 1)).order({"n": [1, 2, 3]}),
            r"^Symbol n must have one value, not 3$",
        ),
        (
            lambda: nest(Loop(N, 1, 0), Loop(Symbol("n", 4), 1, 1)),
            r"^ITensor symbols must have different names, not 1x1:s8 \(n<=3 d0\+=1\) \(n<=4 d1",
        ),
        (
            lambda: nest(Loop(3, 1, 0)).pack(np.zeros(3)),
            r"^pack needs a tensor of rank 2, not 1 \(1x1:s8 \(3 d0\+=1\)\)$",
        ),
        (
            lambda: nest(Loop(3, 1, 0)).pack(np.zeros((2, 1))),
            r"^pack needs a tensor that has every tile of .*, not one of \(2, 1\)$",
        ),
        (
            lambda: nest(Loop(3, 1, 0)).unpack(np.zeros((1, 1))),
            r"^unpack needs beats of shape \(3, 1\), not \(1, 1\)",
        ),
    ],
)
def test_error_texts(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_text_form() -> None:
    assert str(nest()) == "1x1:s8 ()"
    assert str(nest(Loop(2), Loop(N, 4, 1))) == "1x1:s8 (2 again) (n<=3 d1+=4)"
