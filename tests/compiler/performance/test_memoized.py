# SPDX-License-Identifier: Apache-2.0
"""Formulas are computed once for each value of their symbols."""

from streamhw.compiler.performance.memoized import beats_of, context_timing_of, timing_of
from streamhw.kernels.elementwise.add import AddSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import Symbol, row_major
from tests.kernels.matmul.engines import context, engine

ROWS = row_major(Fixed(8), (Symbol("tokens", 4), 8), 2)
SPEC = AddSpec(type=ROWS, a=Fixed(8), b=Fixed(8), out=Fixed(8))


def test_beats_by_values() -> None:
    assert [beats_of(ROWS)({"tokens": n, "other": 7}) for n in (1, 3, 1)] == [4, 12, 4]
    assert beats_of(ROWS) is beats_of(row_major(Fixed(8), (Symbol("tokens", 4), 8), 2))


def test_timing_is_that_of_the_spec() -> None:
    for tokens in (1, 4):
        assert timing_of(SPEC)({"tokens": tokens}) == SPEC.timing({"tokens": tokens})
    assert timing_of(SPEC)({"tokens": 2}) is timing_of(SPEC)({"tokens": 2, "other": 1})


def test_timing_of_one_product_of_an_engine() -> None:
    a, b = context("a", outputs=12), context("b", inputs=8)
    found = context_timing_of(engine(a, b), "b")({"tokens": 2})
    assert found == engine(b).behaviour().contexts[0].timing({"tokens": 2})
    assert context_timing_of(engine(a, b), "b")({"tokens": 2}) is found
