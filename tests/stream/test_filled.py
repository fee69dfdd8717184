# SPDX-License-Identifier: Apache-2.0
"""Symbols with several indices an iteration: trips are rounded up, and the last tile is filled."""

import numpy as np
import pytest

from streamhw.kernels.attention.stream_types import cached_type, query_type, score_type
from streamhw.numerics.fixed import Fixed
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.from_loops import KernelLoop
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from streamhw.testing import Case, check_kernel

FMT = Fixed(8)
LENGTH = Symbol("length", 4, ragged=True, per=2)
ROWS = {"tokens": 3, "heads": 2, "context": 8, "positions": 2}
BINDINGS = {"tokens": 3, "length": [3, 4, 7]}


def test_trips_are_rounded_up() -> None:
    assert [LENGTH.trips(n) for n in (1, 2, 3, 8)] == [1, 1, 2, 4]
    assert (str(LENGTH), LENGTH.port) == ("length/2<=4", "i_length_by_2")
    assert Symbol("length", 4, ragged=True).port == "i_length"
    assert KernelLoop("p", Symbol("length", 8, ragged=True), 2).trip == LENGTH
    with pytest.raises(ValueError, match="Loop p must have a tile that divides length<=8, not 3"):
        KernelLoop("p", Symbol("length", 8, ragged=True), 3)


def test_what_is_behind_the_value_passes_as_zeros() -> None:
    scores = score_type(FMT, **ROWS, parallel_heads=2)
    tensor = np.arange(1, 3 * 2 * 8 + 1).reshape(3, 2, 8)
    beats = scores.pack(tensor, BINDINGS)
    assert scores.beats(BINDINGS) == len(beats) == 2 + 2 + 4
    assert beats[:3].tolist() == [[1, 2, 9, 10], [3, 0, 11, 0], [17, 18, 25, 26]]
    inside = np.arange(8) < np.array([3, 4, 7])[:, None, None]
    assert (scores.unpack(beats, BINDINGS) == tensor * inside).all()
    assert scores.beats() == 3 * 4


def test_each_token_has_its_own_rows() -> None:
    """The rows behind a token's end are those of later tokens, and are not seen either; a tensor
    need have no more rows than the longest token."""
    cached = cached_type(FMT, **ROWS, head_dim=1, lanes=1, parallel_heads=2)
    tensor = np.arange(1, 15).reshape(7, 2)
    beats = cached.pack(tensor, BINDINGS)
    assert beats[:2].tolist() == [[1, 2, 3, 4], [5, 6, 0, 0]]
    assert beats[-1].tolist() == [13, 14, 0, 0]
    assert (cached.unpack(beats, BINDINGS)[:7] == tensor).all()


def test_it_is_another_order_than_that_of_single_indices() -> None:
    single = query_type(FMT, **ROWS | {"positions": 1}, head_dim=2, lanes=2)
    double = query_type(FMT, **ROWS, head_dim=2, lanes=2)
    assert not single.is_same_stream(double)
    assert double.is_same_stream(query_type(FMT, **ROWS, head_dim=2, lanes=2))


def test_a_converter_takes_the_trips() -> None:
    """A query of any order, again for each two positions."""
    spec = ConverterSpec(
        source=row_major(FMT, (Symbol("tokens", 3), 4), 2),
        target=query_type(FMT, **ROWS, head_dim=2, lanes=2),
    )
    assert {p.name for p in spec.ports} == {"i", "i_length_by_2", "i_tokens", "o"}
    rng, cases = np.random.default_rng(1), []
    for lengths in ([3, 4, 7], [1], [1, 2], [1, 2]):
        trips = np.repeat([[-(-n // 2)] for n in lengths], 2, axis=1)
        inputs = {
            "i": rng.integers(-128, 128, (len(lengths), 4)),
            "i_tokens": np.array([len(lengths)]),
            "i_length_by_2": trips,
        }
        cases.append(Case(inputs=inputs, symbol_values={"tokens": len(lengths), "length": lengths}))
    check_kernel(spec, cases)


@pytest.mark.parametrize(
    ("tile", "loops"),
    [
        ((1, 1), (Loop(3, 1, 0), Loop(LENGTH, 2, 1))),
        ((1, 2), (Loop(3, 1, 0), Loop(LENGTH, 4, 1))),
        ((1, 2), (Loop(3, 1, 0), Loop(2, 8, 1), Loop(LENGTH, 2, 1))),
    ],
)
def test_the_loop_fills_a_dimension_alone(tile: tuple[int, ...], loops: tuple[Loop, ...]) -> None:
    with pytest.raises(ValueError, match="must move a dimension alone, by a tile of 2, not"):
        ITensor(FMT, tile, loops)
