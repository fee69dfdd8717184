# SPDX-License-Identifier: Apache-2.0
"""Bench of softmax, and the bound of its error."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from streamhw.kernels.attention.softmax import SoftmaxSpec
from streamhw.numerics.fixed import Fixed
from streamhw.testing import Case, check_kernel


def case(spec: SoftmaxSpec, lengths: list[int], seed: int, spread: float = 2.0) -> Case:
    rng = np.random.default_rng(seed)
    shape = (len(lengths), spec.heads, spec.context)
    x = spec.source.encode(rng.normal(size=shape) * spread)
    repeated = np.repeat(np.asarray(lengths)[:, None], spec.heads // spec.parallel_heads, axis=1)
    symbol_values = {"tokens": len(lengths), "length": lengths}
    return Case(inputs={"i": x, "i_length": repeated}, symbol_values=symbol_values)


def exact(spec: SoftmaxSpec, x: NDArray[np.int64]) -> NDArray[np.float64]:
    real = spec.source.decode(x)
    powers = np.exp(real - real.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def mixed_cases(spec: SoftmaxSpec) -> list[Case]:
    cases = [
        case(spec, [3, 4], 1),
        case(spec, [1], 2),
        case(spec, [12, 12, 12], 3, spread=80),
        case(spec, [5, 6, 7], 4),
        case(spec, [5, 6, 7], 5, spread=20),
    ]
    cases[2].inputs["i"][0, 0] = np.sort(cases[2].inputs["i"][0, 0])
    cases[2].inputs["i"][1, :, ::2] = spec.source.minimum
    cases[2].inputs["i"][1, :, 1::2] = spec.source.maximum
    cases[2].inputs["i"][2, 0] = spec.source.minimum
    return cases


def test_hardware_equals_golden() -> None:
    spec = SoftmaxSpec(tokens=3, heads=2, context=12)
    check_kernel(spec, mixed_cases(spec))


@pytest.mark.parametrize("heads, parallel_heads", [(2, 2), (6, 3)])
def test_parallel_heads(heads: int, parallel_heads: int) -> None:
    spec = SoftmaxSpec(tokens=3, heads=heads, context=12, parallel_heads=parallel_heads)
    check_kernel(spec, mixed_cases(spec))


@pytest.mark.parametrize("positions", [1, 2, 4])
@pytest.mark.parametrize("heads, parallel_heads", [(2, 1), (3, 3)])
def test_parallel_positions(heads: int, parallel_heads: int, positions: int) -> None:
    """Rows that end in whole beats and in others."""
    spec = SoftmaxSpec(
        tokens=3, heads=heads, context=12, parallel_heads=parallel_heads, positions=positions
    )
    check_kernel(spec, mixed_cases(spec))


@pytest.mark.parametrize("positions", [2, 4])
@pytest.mark.parametrize("step", [0.1, 0.5, 1.4, 4.0])
def test_parallel_positions_have_the_sum_of_one_after_the_other(
    positions: int, step: float
) -> None:
    """Rows that mostly rise: the largest power grows, and bits of the sum are dropped, at any
    place of a beat; many short rows, whose sums have few terms to hide a lost bit."""
    spec = SoftmaxSpec(tokens=24, heads=4, context=32, parallel_heads=2, positions=positions)
    rng = np.random.default_rng(positions)
    cases = []
    for longest in (4, 9, 32):
        lengths = rng.integers(1, longest, 24, endpoint=True).tolist()
        c = case(spec, lengths, longest)
        walks = np.cumsum(rng.normal(0.7, 1.0, (24, 4, 32)) * step, axis=-1)
        c.inputs["i"][:] = spec.source.encode(walks - walks.max() + 20)
        cases.append(c)
    check_kernel(spec, cases, scenarios=("free",), timing=False)


def test_rows_of_one_beat_pass_at_full_rate() -> None:
    spec = SoftmaxSpec(tokens=20, heads=2, context=4, positions=4, source=Fixed(8, 3))
    cases = [case(spec, [n] * 20, n) for n in (3, 3, 3)]
    check_kernel(spec, cases, scenarios=("single", "free"))


def test_parallel_positions_take_as_many_fewer_cycles() -> None:
    symbol_values = {"tokens": 1, "length": [1000]}
    for positions, latency in ((2, 500 + 26), (4, 250 + 28)):
        spec = SoftmaxSpec(tokens=1, heads=12, context=1024, parallel_heads=12, positions=positions)
        timing = spec.timing(symbol_values)
        assert (timing.latency, timing.interval) == (latency, 1000 // positions)


def test_a_row_of_all_heads_begins_within_30_cycles_of_its_end() -> None:
    """A beat a cycle whatever the heads, and the first result one row and 23 cycles later."""
    for heads in (1, 12, 16):
        spec = SoftmaxSpec(tokens=1, heads=heads, context=1024, parallel_heads=heads)
        timing = spec.timing({"tokens": 1, "length": [1000]})
        assert (timing.latency, timing.interval) == (1000 + 23, 1000)


def test_rows_of_one_element_pass_at_full_rate() -> None:
    spec = SoftmaxSpec(tokens=20, heads=2, context=1, source=Fixed(8, 3))
    check_kernel(spec, [case(spec, [1] * 20, s) for s in (1, 2, 3)], scenarios=("single", "free"))


@pytest.mark.parametrize("out", [Fixed(8, 7, signed=False), Fixed(16, 15, signed=False)])
def test_other_formats(out: Fixed) -> None:
    spec = SoftmaxSpec(tokens=1, heads=1, context=40, source=Fixed(12, 4), out=out)
    check_kernel(spec, [case(spec, [40], s, spread=s) for s in (1, 2, 3)])


@pytest.mark.parametrize("spread", [0.0, 0.01, 0.5, 2.0, 6.0, 40.0])
@pytest.mark.parametrize("length", [1, 2, 3, 17, 200, 1024])
def test_error_is_below_one_lsb(length: int, spread: float) -> None:
    spec = SoftmaxSpec(tokens=1, heads=64, context=1024)
    x = spec.source.encode(np.random.default_rng(length).normal(size=(1, 64, length)) * spread)
    if length > 1:
        x[0, ::4] = np.sort(x[0, ::4])  # the largest power grows all the way
    got = spec.compute({"i": x}, {"tokens": 1, "length": [length]})["o"][:, :, :length]
    # the format has no 1: its largest code stands for it
    nearest = np.minimum(exact(spec, x), spec.out.decode(spec.out.maximum))
    error = np.abs(spec.out.decode(got) - nearest) / spec.out.step
    assert error.max() < 1


def test_bound_of_the_error() -> None:
    """Adds up every rounding of the design for the default formats, in LSB of the output."""
    spec = SoftmaxSpec(tokens=1, heads=1, context=1024)
    lsb = spec.out.step
    mantissa = spec.power_table.max_error * 2.0**-spec.frac + np.log(2) * 2.0 ** -(spec.frac + 1)
    # an element and the others of its row err against each other: p (1 - p) <= 1/4
    shares = 2 * mantissa / 4
    # dropped bits of the terms, and of the sum where the largest power grows
    sums = (spec.context + 2) * 2.0**-spec.sum_frac
    # r is above 1/2 and p at most 1, so an error of r counts twice
    inverse = 2 * spec.reciprocal_table.max_error * 2.0 ** -(spec.frac + 1) + 2.0**-spec.frac
    constant = 2.0**-24  # of log2 e, times x exp(-x) <= 1
    assert 0.5 + (shares + sums + inverse + constant) / lsb < 1


@pytest.mark.parametrize(
    "parallel_heads, positions, hidden", [(1, 1, 3), (2, 1, 7), (1, 2, 1), (2, 4, 3), (2, 2, 5)]
)
def test_hidden_elements_count_as_nothing(parallel_heads: int, positions: int, hidden: int) -> None:
    """Whatever is hidden: the largest element of the row as well."""
    spec = SoftmaxSpec(
        tokens=3,
        heads=2,
        context=16,
        parallel_heads=parallel_heads,
        positions=positions,
        hidden=hidden,
    )
    plain = replace(spec, hidden=0)
    rng = np.random.default_rng(hidden)
    cases = []
    for lengths, most in (([9, 8, 16], 0), ([1], 0), ([hidden + 1], hidden), ([13, 11, 16], 9)):
        n = len(lengths)
        begins = [min(hidden, length - 1, most + t) for t, length in enumerate(lengths)]
        x = spec.source.encode(2 * rng.normal(size=(n, 2, 16)))
        for t, begin in enumerate(begins):
            x[t, :, :begin] = spec.source.maximum
        rows = (1, 2 // parallel_heads)
        inputs = {
            "i": x,
            "i_length": np.tile(np.array(lengths)[:, None], rows),
            "i_hidden": np.tile(np.array(begins)[:, None], rows),
        }
        cases.append(Case(inputs=inputs, symbol_values={"tokens": n, "length": lengths}))
        found = spec.compute(inputs, cases[-1].symbol_values)["o"]
        for t, (begin, length) in enumerate(zip(begins, lengths, strict=True)):
            shown = np.zeros((1, 2, 16), dtype=np.int64)
            shown[0, :, : length - begin] = x[t, :, begin:length]
            alone = plain.compute({"i": shown}, {"tokens": 1, "length": [length - begin]})["o"]
            assert not found[t, :, :begin].any()
            assert (found[t, :, begin:length] == alone[0, :, : length - begin]).all()
    check_kernel(spec, cases, timing=False)


def test_rejects_less_than_no_hidden_elements() -> None:
    with pytest.raises(ValueError, match=r"^hidden must be at least 0, not -1$"):
        SoftmaxSpec(tokens=1, heads=1, context=4, hidden=-1)


def test_rejects_bad_output() -> None:
    with pytest.raises(ValueError, match="out must be unsigned with 1 to 17 fraction bits"):
        SoftmaxSpec(tokens=1, heads=1, context=4, out=Fixed(16, 15))


def test_rejects_heads_that_do_not_pass_in_whole_beats() -> None:
    with pytest.raises(ValueError, match="parallel_heads must divide the 4 heads, not 3"):
        SoftmaxSpec(tokens=1, heads=4, context=4, parallel_heads=3)


def test_rejects_positions_that_do_not_divide_the_context() -> None:
    with pytest.raises(ValueError, match="power of two that divides the context of 6, not 4"):
        SoftmaxSpec(tokens=1, heads=4, context=6, positions=4)


def test_rejects_lengths_that_differ_from_the_bound_ones() -> None:
    spec = SoftmaxSpec(tokens=1, heads=2, context=4)
    inputs = {"i": np.zeros((1, 2, 4), dtype=np.int64), "i_length": np.array([[2, 3]])}
    with pytest.raises(ValueError, match=r"i_length must be the bound lengths \[2\]"):
        spec.compute(inputs, {"tokens": 1, "length": [2]})
