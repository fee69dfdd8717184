# SPDX-License-Identifier: Apache-2.0
"""Bench of the attention values, and of scores, softmax and values as float attention."""

from dataclasses import replace

import numpy as np
import pytest

from streamhw.kernels.attention.scores import ScoresSpec
from streamhw.kernels.attention.softmax import SoftmaxSpec
from streamhw.kernels.attention.values import ValuesSpec
from streamhw.numerics.fixed import Fixed
from streamhw.testing import Case, check_kernel


def case(spec: ValuesSpec, lengths: list[int], seed: int, extreme: int | None = None) -> Case:
    rng = np.random.default_rng(seed)
    n, width = len(lengths), spec.heads * spec.head_dim
    p = rng.integers(0, spec.probability.maximum, (n, spec.heads, spec.context), endpoint=True)
    cached = *([n] * spec.windowed), spec.context, width // spec.shared
    v = rng.integers(spec.value.minimum, spec.value.maximum, cached, endpoint=True)
    if extreme is not None:
        p[:], v[:] = spec.probability.maximum, extreme
    repeated = np.repeat(np.asarray(lengths)[:, None], spec.heads // spec.parallel_heads, axis=1)
    symbol_values = {"tokens": n, "length": lengths}
    return Case(inputs={"i_p": p, "i_v": v, "i_length": repeated}, symbol_values=symbol_values)


def mixed_cases(spec: ValuesSpec) -> list[Case]:
    return [
        case(spec, [5, 6], 1),
        case(spec, [1], 2),
        case(spec, [7, 7, 7], 3, extreme=spec.value.minimum),
        case(spec, [6], 3, extreme=spec.value.maximum),
        case(spec, [4, 5, 6], 4),
        case(spec, [4, 5, 6], 5),
    ]


@pytest.mark.parametrize(
    "head_dim, lanes, out_lanes, shared",
    [
        (6, 2, 2, 1),
        (4, 4, 4, 1),
        (4, 4, 1, 1),
        (8, 4, 2, 1),
        (4, 2, 4, 1),
        (2, 1, 4, 1),
        (4, 2, 2, 2),
    ],
)
def test_hardware_equals_golden(head_dim: int, lanes: int, out_lanes: int, shared: int) -> None:
    spec = ValuesSpec(
        tokens=3,
        heads=2,
        head_dim=head_dim,
        context=7,
        lanes=lanes,
        out_lanes=out_lanes,
        shift=17,
        shared=shared,
    )
    check_kernel(spec, mixed_cases(spec))


@pytest.mark.parametrize("shared, parallel_heads", [(1, 1), (2, 1), (2, 2)])
def test_rows_of_each_token(shared: int, parallel_heads: int) -> None:
    shape = {"heads": 2, "shared": shared, "parallel_heads": parallel_heads, "windowed": True}
    spec = ValuesSpec(tokens=3, head_dim=4, context=7, lanes=4, out_lanes=4, shift=17, **shape)
    assert spec.port("i_v").type.tensor_shape() == (3, 7, 8 // shared)
    check_kernel(spec, mixed_cases(spec))


@pytest.mark.parametrize(
    "heads, head_dim, out_lanes, shared, parallel_heads",
    [
        (4, 2, 2, 1, 2),
        (2, 4, 8, 1, 2),
        (3, 2, 6, 1, 3),
        (4, 2, 8, 2, 2),
        (4, 2, 2, 2, 4),
        (4, 1, 1, 4, 4),
    ],
)
def test_parallel_heads(
    heads: int, head_dim: int, out_lanes: int, shared: int, parallel_heads: int
) -> None:
    """Beats that are cut, passed as they are, and joined; cached heads alone and shared."""
    spec = ValuesSpec(
        tokens=3,
        heads=heads,
        head_dim=head_dim,
        context=7,
        lanes=head_dim,
        out_lanes=out_lanes,
        shift=17,
        shared=shared,
        parallel_heads=parallel_heads,
    )
    check_kernel(spec, mixed_cases(spec))


@pytest.mark.parametrize("positions", [1, 2, 4])
@pytest.mark.parametrize(
    "heads, head_dim, out_lanes, shared, parallel_heads",
    [(2, 4, 4, 1, 1), (2, 4, 4, 2, 1), (4, 2, 2, 1, 2), (4, 2, 8, 2, 2), (4, 2, 8, 2, 4)],
)
def test_parallel_positions(
    heads: int, head_dim: int, out_lanes: int, shared: int, parallel_heads: int, positions: int
) -> None:
    """Rows that end in whole beats and in others."""
    spec = ValuesSpec(
        tokens=3,
        heads=heads,
        head_dim=head_dim,
        context=8,
        lanes=head_dim,
        out_lanes=out_lanes,
        shift=17,
        shared=shared,
        parallel_heads=parallel_heads,
        positions=positions,
    )
    check_kernel(spec, mixed_cases(spec))


@pytest.mark.parametrize("positions, fabric", [(1, 1), (2, 1), (4, 2), (4, 4)])
def test_products_made_of_luts(positions: int, fabric: int) -> None:
    shape = {
        "tokens": 3,
        "heads": 2,
        "head_dim": 2,
        "lanes": 2,
        "out_lanes": 4,
        "parallel_heads": 2,
    }
    spec = ValuesSpec(**shape, context=8, shift=17, positions=positions, fabric_positions=fabric)
    cases = mixed_cases(spec)
    check_kernel(spec, cases, scenarios=("single", "free", "all"))
    multipliers = [s.resources().multipliers for s in (spec, replace(spec, fabric_positions=0))]
    assert [len(m) for m in multipliers] == [4 * (positions - fabric), 4 * positions]


def test_parallel_positions_have_the_values_of_one_after_the_other() -> None:
    shape = {"tokens": 3, "heads": 2, "head_dim": 8, "context": 8, "shift": 17, "parallel_heads": 2}
    one, two = (ValuesSpec(**shape, lanes=8, out_lanes=16, positions=p) for p in (1, 2))
    c = case(one, [5, 6, 7], 3)
    results = [spec.compute(c.inputs, c.symbol_values)["o"] for spec in (one, two)]
    assert (results[0] == results[1]).all()
    cycles = [spec.timing(c.symbol_values).interval for spec in (one, two)]
    assert cycles == [5 + 6 + 7, 3 + 3 + 4]


def test_parallel_heads_have_the_values_of_one_after_the_other() -> None:
    shape = {"tokens": 3, "heads": 4, "shared": 2, "head_dim": 8, "context": 7, "shift": 17}
    one = ValuesSpec(**shape, lanes=2, out_lanes=8)
    all_at_once = ValuesSpec(**shape, lanes=8, out_lanes=8, parallel_heads=4)
    c, lengths = case(one, [5, 6, 7], 3), np.array([[5], [6], [7]])
    got = all_at_once.compute(c.inputs | {"i_length": lengths}, c.symbol_values)["o"]
    assert (got == one.compute(c.inputs, c.symbol_values)["o"]).all()
    cycles = [spec.timing(c.symbol_values).interval for spec in (one, all_at_once)]
    assert cycles == [4 * 4 * (5 + 6 + 7), 5 + 6 + 7]


def test_minimal() -> None:
    spec = ValuesSpec(tokens=1, heads=1, head_dim=1, context=1, lanes=1, out_lanes=1, shift=0)
    check_kernel(spec, [case(spec, [1], s) for s in (1, 2, 3)])


def test_attention_is_close_to_float() -> None:
    """Golden scores, softmax and values against float attention of the same integers."""
    rng = np.random.default_rng(3)
    lengths = [37, 38, 39, 40]
    heads, head_dim, context = 4, 32, 64
    shared = {"tokens": 4, "heads": heads, "context": context}
    scores = ScoresSpec(**shared, head_dim=head_dim, lanes=8, shift=8)
    softmax = SoftmaxSpec(**shared)
    values = ValuesSpec(**shared, head_dim=head_dim, lanes=8, out_lanes=8, shift=16)
    q = rng.integers(-2000, 2000, (4, heads * head_dim))
    k = rng.integers(-128, 128, (context, heads * head_dim))
    v = rng.integers(-128, 128, (context, heads * head_dim))
    symbol_values = {"tokens": 4, "length": lengths}

    s = scores.compute({"i_q": q, "i_k": k}, symbol_values)["o"]
    p = softmax.compute({"i": s}, symbol_values)["o"]
    got = values.compute({"i_p": p, "i_v": v}, symbol_values)["o"].reshape(4, heads, head_dim)

    for t, length in enumerate(lengths):
        for h in range(heads):
            part = slice(h * head_dim, (h + 1) * head_dim)
            exact = k[:length, part] @ q[t, part] / 2.0 ** (8 + scores.out.frac)
            assert np.abs(exact).max() < 128, "the test must not saturate"
            weights = np.exp(exact - exact.max())
            weights /= weights.sum()
            error = np.abs(got[t, h] - weights @ v[:length, part])
            # a score is off by half its LSB, so a weight by its share of e^(2 * 2^-11) - 1, against
            # a value of at most 128; each probability by 1 LSB; the result by half an LSB
            bound = 128 * 2.0**-10 + length * 128 * softmax.out.step + 0.5
            assert error.max() <= bound


@pytest.mark.parametrize(
    "change, text",
    [
        ({"lanes": 3}, "lanes must divide head_dim 8, not 3"),
        ({"out_lanes": 3}, "out_lanes must divide a row of 16, not 3"),
        ({"heads": 3, "out_lanes": 3}, "out_lanes must divide or be divided by lanes 4, not 3"),
        ({"shift": -1}, "shift must be at least 0, not -1"),
        ({"shared": 3}, "shared must divide the 2 heads, not 3"),
        ({"parallel_heads": 3}, "parallel_heads must divide the 2 heads, not 3"),
        ({"parallel_heads": 2}, "lanes must be head_dim 8 where 2 heads pass in parallel, not 4"),
        ({"positions": 2}, "lanes must be head_dim 8 where 2 positions pass in a beat, not 4"),
        ({"fabric_positions": 2}, "fabric_positions must be 0 to 1, not 2"),
        (
            {"fabric_positions": 1, "value": Fixed(6)},
            "value must be signed with 4 or 8 bits for products made of LUTs, not s6",
        ),
        (
            {"positions": 3, "lanes": 8, "out_lanes": 8},
            "positions must be a power of two that divides the context of 4, not 3",
        ),
        (
            {"heads": 6, "lanes": 8, "parallel_heads": 2, "out_lanes": 3},
            "out_lanes must divide or be divided by lanes 16 of 2 heads, not 3",
        ),
    ],
)
def test_rejects_bad_parameters(change: dict[str, object], text: str) -> None:
    good = {"tokens": 1, "heads": 2, "head_dim": 8, "context": 4, "lanes": 4, "out_lanes": 4}
    with pytest.raises(ValueError, match=text):
        ValuesSpec(**{**good, "shift": 8, **change}, out=Fixed(8))
