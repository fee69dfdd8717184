# SPDX-License-Identifier: Apache-2.0
"""Normal forms: equal if and only if two nests visit the same offsets in the same sequence."""

from hypothesis import given
from hypothesis import strategies as st

from streamhw.stream.itensor.loop_nest import Loop, Symbol
from streamhw.stream.itensor.normal_form import (
    head_and_body,
    normal_loops,
    same_order,
    several_twos,
    substituted,
    symbols_of,
)

N, TWO = Symbol("n", 5), Symbol("t", 2)

loops = st.lists(
    st.builds(
        lambda trip, step, dim: Loop(trip, 0 if dim is None else step, dim),
        st.integers(1, 4),
        st.sampled_from([1, 2, 3, 4, 6]),
        st.sampled_from([None, 0, 1]),
    ),
    max_size=4,
).map(tuple)


def visited(nest: tuple[Loop, ...]) -> list[tuple[int, int]]:
    offsets = [(0, 0)]
    for loop in reversed(nest):
        offsets = [
            tuple(o + i * loop.step * (loop.dim == d) for d, o in enumerate(offset))
            for i in range(loop.bound)
            for offset in offsets
        ]
    return offsets


@given(loops, loops)
def test_decides_whether_orders_are_equal(one: tuple[Loop, ...], other: tuple[Loop, ...]) -> None:
    assert visited(normal_loops(one)) == visited(one)
    assert same_order(one, other) == (visited(one) == visited(other))


def test_joins_loops_that_continue_each_other() -> None:
    assert normal_loops((Loop(3, 4, 0), Loop(4, 1, 0))) == (Loop(12, 1, 0),)
    assert normal_loops((Loop(2), Loop(1, 9, 1), Loop(3))) == (Loop(6),)


def test_rereads_sort_fixed_ones_first() -> None:
    assert normal_loops((Loop(N), Loop(3))) == (Loop(3), Loop(N))


def test_a_ragged_symbol_keeps_the_loop_that_counts_its_values() -> None:
    ragged = Symbol("r", 4, ragged=True)
    nest = (Loop(2, 1, 0), Loop(ragged, 1, 1))
    assert head_and_body(nest) == ((Loop(2, 1, 0),), (Loop(ragged, 1, 1),))
    assert head_and_body((Loop(2, 1, 0),)) == ((), (Loop(2, 1, 0),))


def test_symbols_of_two_values() -> None:
    twice = (Loop(TWO, 2, 0), Loop(TWO, 1, 0))
    assert several_twos(twice) == (TWO,)
    assert several_twos(twice[:1]) == ()
    assert symbols_of((Loop(N), Loop(TWO), Loop(N))) == (N, TWO)
    assert substituted((Loop(N, 1, 0), Loop(3)), {"n": 4}) == (Loop(4, 1, 0), Loop(3))


def test_a_two_valued_symbol_commutes_with_a_factor_two() -> None:
    assert same_order((Loop(2, 1, 0), Loop(TWO, 1, 0)), (Loop(TWO, 1, 0), Loop(2, 1, 0)))
    assert not same_order((Loop(2, 1, 0), Loop(N, 1, 0)), (Loop(N, 1, 0), Loop(2, 1, 0)))
