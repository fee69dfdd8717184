# SPDX-License-Identifier: Apache-2.0
"""Bench of the attention scores."""

import numpy as np
import pytest

from streamhw.kernels.attention.scores import ScoresSpec
from streamhw.numerics.fixed import Fixed
from streamhw.testing import Case, check_kernel


def case(spec: ScoresSpec, lengths: list[int], seed: int, extreme: bool = False) -> Case:
    rng = np.random.default_rng(seed)
    width = spec.heads * spec.head_dim
    q = rng.integers(spec.query.minimum, spec.query.maximum, (len(lengths), width), endpoint=True)
    cached = *([len(lengths)] * spec.windowed), spec.context, width // spec.shared
    k = rng.integers(spec.key.minimum, spec.key.maximum, cached, endpoint=True)
    if extreme:
        q[:] = spec.query.minimum
        k[..., 0, :], k[..., 1:, :] = spec.key.minimum, spec.key.maximum
    return Case(
        inputs={"i_q": q, "i_k": k}, symbol_values={"tokens": len(lengths), "length": lengths}
    )


@pytest.mark.parametrize(
    "heads, shared, head_dim, lanes",
    [(2, 1, 8, 2), (2, 1, 4, 4), (2, 1, 3, 1), (2, 1, 6, 3), (4, 2, 4, 2), (3, 3, 4, 4)],
)
def test_hardware_equals_golden(heads: int, shared: int, head_dim: int, lanes: int) -> None:
    shape = {"heads": heads, "shared": shared, "head_dim": head_dim, "lanes": lanes}
    spec = ScoresSpec(tokens=3, context=6, shift=6, **shape)
    cases = [
        case(spec, [2, 3], 1),
        case(spec, [1], 2),
        case(spec, [4, 5, 6], 3, extreme=True),
        case(spec, [1, 2, 3], 4),
        case(spec, [1, 2, 3], 5),
    ]
    check_kernel(spec, cases)


@pytest.mark.parametrize("shared, parallel_heads", [(1, 1), (2, 1), (2, 4)])
def test_rows_of_each_token(shared: int, parallel_heads: int) -> None:
    shape = {"heads": 4, "shared": shared, "parallel_heads": parallel_heads}
    spec = ScoresSpec(tokens=3, head_dim=4, lanes=4, context=6, shift=6, windowed=True, **shape)
    assert spec.port("i_k").type.tensor_shape() == (3, 6, 16 // shared)
    check_kernel(spec, [case(spec, [2, 3], 1), case(spec, [6, 4, 5], 3), case(spec, [6], 2)])


@pytest.mark.parametrize(
    "heads, shared, parallel_heads", [(4, 1, 2), (3, 1, 3), (4, 2, 2), (4, 2, 4), (6, 3, 3)]
)
def test_parallel_heads(heads: int, shared: int, parallel_heads: int) -> None:
    shape = {
        "heads": heads,
        "shared": shared,
        "parallel_heads": parallel_heads,
        "head_dim": 3,
        "lanes": 3,
    }
    spec = ScoresSpec(tokens=3, context=6, shift=6, **shape)
    cases = [
        case(spec, [2, 3], 1),
        case(spec, [1], 2),
        case(spec, [4, 5, 6], 3, extreme=True),
        case(spec, [1, 2, 3], 4),
        case(spec, [1, 2, 3], 5),
    ]
    check_kernel(spec, cases)


@pytest.mark.parametrize("positions", [1, 2, 4])
@pytest.mark.parametrize(
    "heads, shared, parallel_heads", [(2, 1, 1), (3, 1, 3), (4, 2, 2), (2, 2, 1)]
)
def test_parallel_positions(heads: int, shared: int, parallel_heads: int, positions: int) -> None:
    """Rows that end in whole beats and in others; the scores behind their end are zeros."""
    shape = {
        "heads": heads,
        "shared": shared,
        "parallel_heads": parallel_heads,
        "head_dim": 3,
        "lanes": 3,
    }
    spec = ScoresSpec(tokens=3, context=8, shift=6, positions=positions, **shape)
    cases = [
        case(spec, [2, 3], 1),
        case(spec, [1], 2),
        case(spec, [6, 7, 8], 3, extreme=True),
        case(spec, [3, 4, 5], 4),
        case(spec, [3, 4, 5], 5),
    ]
    check_kernel(spec, cases)


def test_parallel_positions_have_the_scores_of_one_after_the_other() -> None:
    shape = {"tokens": 3, "heads": 4, "head_dim": 8, "lanes": 8, "context": 8, "shift": 6}
    one, two = (ScoresSpec(**shape, parallel_heads=4, positions=p) for p in (1, 2))
    c = case(one, [4, 5, 6], 3)
    results = [spec.compute(c.inputs, c.symbol_values)["o"] for spec in (one, two)]
    assert (results[0] == results[1]).all()
    cycles = [spec.timing(c.symbol_values).interval for spec in (one, two)]
    assert cycles == [4 + 5 + 6, 2 + 3 + 3]


def test_parallel_heads_have_the_scores_of_one_after_the_other() -> None:
    shape = {"tokens": 3, "heads": 4, "shared": 2, "head_dim": 8, "context": 6, "shift": 6}
    one, all_at_once = ScoresSpec(**shape, lanes=2), ScoresSpec(**shape, lanes=8, parallel_heads=4)
    c = case(one, [4, 5, 6], 3)
    results = [spec.compute(c.inputs, c.symbol_values)["o"] for spec in (one, all_at_once)]
    assert (results[0] == results[1]).all()
    cycles = [spec.timing(c.symbol_values).interval for spec in (one, all_at_once)]
    assert cycles == [4 * 4 * (4 + 5 + 6), 4 + 5 + 6]


def test_minimal() -> None:
    spec = ScoresSpec(tokens=1, heads=1, head_dim=1, context=1, lanes=1, out=Fixed(24), shift=0)
    check_kernel(spec, [case(spec, [1], s, extreme=s == 3) for s in (1, 2, 3)])


def test_golden_is_the_float_dot_product() -> None:
    spec = ScoresSpec(tokens=4, heads=3, head_dim=16, context=9, lanes=4, shift=12)
    c = case(spec, [6, 7, 8, 9], 7)
    got = spec.compute(c.inputs, c.symbol_values)["o"]
    q = c.inputs["i_q"].reshape(4, 3, 16).astype(float)
    k = c.inputs["i_k"].reshape(9, 3, 16).astype(float)
    exact = np.einsum("thd,phd->thp", q, k) / 2.0**12
    for t, length in enumerate([6, 7, 8, 9]):
        assert np.abs(got[t, :, :length] - exact[t, :, :length]).max() <= 0.5
        assert not got[t, :, length:].any()


@pytest.mark.parametrize(
    "change, text",
    [
        ({"lanes": 3}, "lanes must divide head_dim 8, not 3"),
        ({"shift": -1}, "shift must be at least 0, not -1"),
        ({"shared": 3}, "shared must divide the 4 heads, not 3"),
        ({"parallel_heads": 3}, "parallel_heads must divide the 4 heads, not 3"),
        ({"parallel_heads": 2}, "lanes must be head_dim 8 where 2 heads pass in parallel, not 4"),
        ({"positions": 2}, "lanes must be head_dim 8 where 2 positions pass in a beat, not 4"),
        (
            {"positions": 3, "lanes": 8},
            "positions must be a power of two that divides the context of 4, not 3",
        ),
        (
            {"positions": 8, "lanes": 8},
            "positions must be a power of two that divides the context of 4, not 8",
        ),
        (
            {"parallel_heads": 2, "shared": 4, "lanes": 8},
            "parallel_heads must be 1 or a multiple of the 4 heads that share one, not 2",
        ),
    ],
)
def test_rejects_bad_parameters(change: dict[str, int], text: str) -> None:
    good = {"tokens": 1, "heads": 4, "head_dim": 8, "context": 4, "lanes": 4}
    with pytest.raises(ValueError, match=text):
        ScoresSpec(**{**good, **change})
