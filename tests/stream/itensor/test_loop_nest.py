# SPDX-License-Identifier: Apache-2.0
"""Loops and symbols."""

import pytest

from streamhw.stream.itensor.loop_nest import Loop, Symbol, nest_text


def test_a_symbol_counts_whole_iterations() -> None:
    symbol = Symbol("length", 8, per=4)
    assert [symbol.trips(value) for value in (1, 4, 5, 8)] == [1, 1, 2, 2]
    assert symbol.port == "i_length_by_4"
    assert Symbol("length", 8).port == "i_length"


def test_a_loop_has_a_bound() -> None:
    assert Loop(3).bound == 3
    assert Loop(Symbol("n", 7), 2, 0).bound == 7


@pytest.mark.parametrize(
    ("loops", "text"),
    [
        ((), "()"),
        ((Loop(3), Loop(4, 2, 1)), "(3 again) (4 d1+=2)"),
        ((Loop(Symbol("n", 7), 1, 0),), "(n<=7 d0+=1)"),
        ((Loop(Symbol("n", 2, per=4), 4, 0),), "(n/4<=2 d0+=4)"),
    ],
)
def test_nests_have_a_text(loops: tuple[Loop, ...], text: str) -> None:
    assert nest_text(loops) == text


def test_symbols_sort_by_name() -> None:
    assert sorted([Symbol("b", 1), Symbol("a", 9)])[0].name == "a"
