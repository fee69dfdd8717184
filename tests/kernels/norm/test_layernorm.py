# SPDX-License-Identifier: Apache-2.0
"""Layer norm: hardware against golden under stalls, golden against exact real arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from streamhw.kernels.norm.layernorm import NormSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import Symbol
from streamhw.testing import Case, check_kernel

TOKENS = Symbol("tokens", 4)
RESIDUAL = Fixed(24, 12)


def spec_of(features: int, lanes: int, source: Fixed = RESIDUAL, **changes: object) -> NormSpec:
    words: dict[str, object] = {"tokens": TOKENS, "gamma_frac": 8, "beta_frac": 7}
    words |= changes
    return NormSpec(features=features, lanes=lanes, source=source, **words)


def rows_of(rng: np.random.Generator, source: Fixed, rows: int, features: int) -> np.ndarray:
    """Rows of every magnitude and offset, a third of them with an outlier."""
    top = np.log10(source.maximum)
    x = rng.normal(size=(rows, features)) * 10 ** rng.uniform(-1, top, size=(rows, 1))
    x += rng.normal(size=(rows, 1)) * 10 ** rng.uniform(0, top, size=(rows, 1))
    x[np.arange(0, rows, 3), rng.integers(features, size=len(x[::3]))] *= 100
    return source.saturate(np.rint(x).astype(np.int64))


def extreme_rows(source: Fixed, features: int) -> np.ndarray:
    """Constant rows, one unit of variance, full swing, one huge outlier."""
    x = np.zeros((6, features), dtype=np.int64)
    x[0] = 5
    x[1] = source.minimum
    x[2, 0] = 1
    x[3] = source.maximum
    x[3, ::2] = source.minimum
    x[4] = source.minimum
    x[4, -1] = source.maximum
    return x


def exactly(spec: NormSpec, x: np.ndarray) -> np.ndarray:
    """The normalized rows in real arithmetic: exact sums, then extended precision."""
    d = spec.features
    variance = [Fraction(d * int((r * r).sum()) - int(r.sum()) ** 2, d * d) for r in x]
    real = np.array([float(v) for v in variance])[:, None] * 4.0**-spec.source.frac
    distance = (d * x - x.sum(axis=1, keepdims=True)) / d * spec.source.step
    return distance / np.sqrt(real + spec.epsilon)


@pytest.mark.parametrize(
    "spec",
    [
        spec_of(24, 4),
        spec_of(96, 8, gamma_frac=5, beta_frac=16),
        spec_of(5, 5, Fixed(12, 4), epsilon=0.0),
        spec_of(7, 1, Fixed(18, 9), out=Fixed(16), gamma_frac=0, beta_frac=0),
        spec_of(2, 1, Fixed(9, 20)),
        spec_of(576, 8, Fixed(25, 9)),
    ],
    ids=lambda s: f"{s.features}x{s.lanes}",
)
def test_hardware_equals_golden(spec: NormSpec) -> None:
    rng = np.random.default_rng(2)
    cases = []
    for n in (1, 4, 2, 3, 3, 3):
        x = rows_of(rng, spec.source, n, spec.features)
        if n == 4:
            x = extreme_rows(spec.source, spec.features)[1:5]
        gamma = rng.integers(-(2**15), 2**15, size=spec.features)
        beta = rng.integers(-(2**15), 2**15, size=spec.features)
        if n == 2:
            gamma[:], beta[:] = 2**15 - 1, -(2**15)
        inputs = {"i": np.zeros((4, spec.features), dtype=np.int64)}
        inputs["i"][:n] = x
        inputs["i_affine"] = spec.affine(gamma, beta)
        cases.append(Case(inputs=inputs, symbol_values={"tokens": n}))
    check_kernel(spec, cases)


@pytest.mark.parametrize("features", [64, 768, 896, 1152])
def test_golden_is_within_bound_of_exact(features: int) -> None:
    rng = np.random.default_rng(features)
    spec = spec_of(features, 8)
    x = np.concatenate(
        [rows_of(rng, spec.source, 300, features), extreme_rows(spec.source, features)]
    )
    gamma = rng.integers(-(2**15), 2**15, size=features)
    beta = rng.integers(-(2**15), 2**15, size=features)
    norm = exactly(spec, x)
    weight = gamma * 2.0**-spec.gamma_frac
    exact = np.clip(norm * weight + beta * 2.0**-spec.beta_frac, -128, 127)
    error = np.abs(spec.golden(x, gamma, beta) - exact)
    bound = 0.5 + np.abs(weight) * (2.0**-spec.norm_frac + 2.0**-15 * np.abs(norm))
    assert (error <= bound).all()
    assert error.max() <= 0.75  # far below the 1 LSB that int8 asks for


@pytest.mark.parametrize(
    "spec",
    [
        spec_of(24, 4, beta_frac=0, centered=False),
        spec_of(8, 4, Fixed(16, 6), beta_frac=0, heads=3, centered=False, out=Fixed(16)),
        spec_of(2, 1, Fixed(9, 20), beta_frac=0, centered=False),
        spec_of(576, 8, Fixed(27, 9), beta_frac=0, centered=False),
        spec_of(128, 8, Fixed(28, 9), beta_frac=0, centered=False),
        spec_of(6, 2, beta_frac=4, heads=2),
        spec_of(24, 4, counted=19),
        spec_of(8, 4, Fixed(16, 6), beta_frac=0, heads=3, centered=False, counted=5),
        spec_of(24, 4, beta_frac=0, centered=False, out=Fixed(24, 8)),
        spec_of(6, 2, gamma_frac=0, beta_frac=0, centered=False, out=Fixed(28, 2)),
    ],
    ids=[
        "rms",
        "rms of heads",
        "rms minimal",
        "widest rms",
        "widest elements",
        "heads",
        "padded",
        "padded rms of heads",
        "wide rms",
        "widest results",
    ],
)
def test_rms_and_heads_equal_golden(spec: NormSpec) -> None:
    rng = np.random.default_rng(3)
    width = spec.heads * spec.features
    cases = []
    for n in (1, 4, 2, 3, 3, 3):
        x = rows_of(rng, spec.source, n * spec.heads, spec.features)
        if n == 4:
            x = np.resize(extreme_rows(spec.source, spec.features), x.shape)
        most = 2 ** (spec.gamma_width - 1)
        gamma, beta = (rng.integers(-most, most, size=width) for _ in range(2))
        for values in (x, gamma, beta):
            values.reshape(-1, spec.features)[:, spec.count :] = 0
        affine = spec.affine(gamma, beta) if spec.centered else gamma.reshape(1, -1)
        inputs = {"i": np.zeros((4, width), dtype=np.int64), "i_affine": affine}
        inputs["i"][:n] = x.reshape(n, width)
        cases.append(Case(inputs=inputs, symbol_values={"tokens": n}))
    check_kernel(spec, cases)


@pytest.mark.parametrize("features", [64, 256, 896, 1152, 2048])
def test_rms_is_within_bound_of_exact(features: int) -> None:
    rng = np.random.default_rng(features)
    spec = spec_of(features, 8, beta_frac=0, centered=False)
    x = np.concatenate(
        [rows_of(rng, spec.source, 300, features), extreme_rows(spec.source, features)]
    )
    gamma = rng.integers(-(2**15), 2**15, size=features)
    squares = np.array([float(Fraction(int((r * r).sum()), features)) for r in x])
    mean = squares[:, None] * 4.0**-spec.source.frac
    norm = x * spec.source.step / np.sqrt(mean + spec.epsilon)
    weight = gamma * 2.0**-spec.gamma_frac
    error = np.abs(spec.golden(x, gamma) - np.clip(norm * weight, -128, 127))
    bound = 0.5 + np.abs(weight) * (2.0**-spec.norm_frac + 2.0**-15 * np.abs(norm))
    assert (error <= bound).all()
    assert error.max() <= 0.75


def test_wide_results_are_as_exact_for_small_gammas_as_for_large_ones() -> None:
    """Gammas of one layer are a thousand times those of another, in one format."""
    rng = np.random.default_rng(4)
    spec = spec_of(640, 8, gamma_frac=6, beta_frac=0, centered=False, out=Fixed(24, 6))
    x = rng.normal(size=(50, 640))
    norm = x / np.sqrt((x * x).mean(axis=1, keepdims=True))
    for largest in (1.5, 1500.0):
        gamma = rng.uniform(0.2, 1, size=640) * largest
        codes = Fixed(spec.gamma_width, spec.gamma_frac).encode(gamma / spec.out.step)
        found = spec.golden(RESIDUAL.encode(x * 16), codes) * spec.out.step
        error = np.sqrt(np.mean((found - norm * gamma) ** 2) / np.mean((norm * gamma) ** 2))
        assert error < 0.006


@pytest.mark.parametrize("centered", [True, False])
def test_padding_changes_no_element(centered: bool) -> None:
    """Rows with zeros behind them give what they give alone, and zeros."""
    rng = np.random.default_rng(5)
    alone, padded = (
        spec_of(n, 1, centered=centered, beta_frac=7 if centered else 0, counted=c)
        for n, c in ((45, None), (64, 45))
    )
    x = rows_of(rng, alone.source, 50, 45)
    gamma, beta = (rng.integers(-(2**15), 2**15, size=45) for _ in range(2))
    expected = alone.golden(x, gamma, beta if centered else None)
    x, gamma, beta = (
        np.concatenate([a, np.zeros((*a.shape[:-1], 19), dtype=np.int64)], axis=-1)
        for a in (x, gamma, beta)
    )
    result = padded.golden(x, gamma, beta if centered else None)
    assert (result[:, :45] == expected).all()
    assert not result[:, 45:].any()


def test_constant_rows_give_beta() -> None:
    spec = spec_of(64, 4)
    gamma = np.full(64, 2**15 - 1)
    beta = np.arange(64) << 7
    for constant in (spec.source.minimum, -1, 0, 7, spec.source.maximum):
        out = spec.golden(np.full((1, 64), constant), gamma, beta)
        assert (out == np.arange(64)).all()


def test_first_result_comes_within_a_row_and_thirty_cycles() -> None:
    for features, lanes in ((768, 16), (1024, 64), (96, 8), (2048, 32)):
        spec = spec_of(features, lanes)
        assert spec.timing({}).latency <= spec.beats + 30


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": 1, "lanes": 1}, "features must be at least 2, not 1"),
        ({"lanes": 5}, "lanes must divide the 24 features, not 5"),
        (
            {"source": Fixed(34)},
            "source must be signed with at most 28 bits for 24 features, not s34",
        ),
        ({"source": Fixed(8, signed=False)}, "source must be signed"),
        ({"out": Fixed(17)}, "out must be signed with at most 16 bits, not s17"),
        (
            {"out": Fixed(29), "centered": False},
            "out must be signed with at most 28 bits, not s29",
        ),
        ({"heads": 0}, "heads must be at least 1, not 0"),
        ({"epsilon": -1.0}, "epsilon must not be negative, not -1.0"),
        ({"beta_frac": 30}, "beta_frac must be 0 to"),
    ],
)
def test_bad_parameters(changes: dict[str, object], message: str) -> None:
    words: dict[str, object] = {"features": 24, "lanes": 4} | changes
    with pytest.raises(ValueError, match=message):
        spec_of(**words)
