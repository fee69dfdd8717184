# SPDX-License-Identifier: Apache-2.0
"""Compensation: its factor inverts the moments, and it lowers the error of the product."""

from dataclasses import replace

import numpy as np
import pytest

from streamhw.numerics.element_format import integer_format
from streamhw.quantization.compensation import compensated, compensation, damping_of

FORMAT = integer_format(4, 16)
OWN = damping_of(64, 960, general=False)
SHORT = damping_of(64, 959, general=False)
GENERAL = damping_of(64, 1 << 20, general=True)


def inputs(seed: int = 0, columns: int = 64, outlier: float = 1.0) -> np.ndarray:
    """Correlated features of unlike power; ``outlier``: factor of the last one."""
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(columns, columns)) * 0.3 + np.eye(columns)
    x = random.normal(size=(600, columns)) @ mixing * np.exp(random.normal(size=columns))
    x[:, -1] *= outlier
    return x.astype(np.float32)


def steps(weight: np.ndarray) -> np.ndarray:
    groups = weight.reshape(len(weight), -1, 16)
    return np.repeat(np.abs(groups).max(axis=2) / np.float32(7), 16, axis=1)


def error(x: np.ndarray, weight: np.ndarray, found: np.ndarray) -> float:
    return float(np.mean((x @ (found - weight).T) ** 2))


@pytest.mark.parametrize("damping", [OWN, SHORT, GENERAL])
def test_the_factor_inverts_the_damped_moments_in_its_order(damping: float) -> None:
    x = inputs()
    moments = (x.T @ x / len(x)).astype(np.float64)
    how = compensation(moments.astype(np.float32), damping)
    assert sorted(how.order) == list(range(64))
    assert (np.diff(np.diagonal(moments)[how.order]) <= 0).all()
    factor = how.factor.astype(np.float64)
    assert (np.tril(factor, -1) == 0).all()
    damped = moments[np.ix_(how.order, how.order)]
    damped += damping * np.trace(moments) / 64 * np.eye(64)
    np.testing.assert_allclose(factor.T @ factor @ damped, np.eye(64), atol=1e-2)


@pytest.mark.parametrize("seed", range(3))
def test_it_lowers_the_error_of_the_product(seed: int) -> None:
    x = inputs(seed)
    weight = np.random.default_rng(seed + 9).normal(size=(40, 64)).astype(np.float32)
    scale = steps(weight)
    plain = FORMAT.round(weight / scale) * scale
    found = compensated(weight, scale, FORMAT, compensation(x.T @ x / len(x)))
    assert (found == FORMAT.round(found)).all()
    assert error(x, weight, found * scale) < 0.7 * error(x, weight, plain)


def test_the_order_by_power_matters_where_the_largest_input_comes_last() -> None:
    x = inputs(outlier=30.0)
    weight = np.random.default_rng(9).normal(size=(40, 64)).astype(np.float32)
    scale, how = steps(weight), compensation(x.T @ x / len(x))
    moments = (x.T @ x / len(x)).astype(np.float64)
    moments += 0.01 * np.trace(moments) / 64 * np.eye(64)
    factor = np.linalg.cholesky(np.linalg.inv(moments)).T.astype(np.float32)
    natural = replace(how, order=np.arange(64), factor=factor)
    by_power, as_they_come = (
        error(x, weight, compensated(weight, scale, FORMAT, chosen) * scale)
        for chosen in (how, natural)
    )
    assert by_power < as_they_come


@pytest.mark.parametrize("seed", range(3))
def test_few_tokens_want_much_damping(seed: int) -> None:
    """Features that hardly go together seem to in moments of few tokens."""
    random = np.random.default_rng(seed)
    x = (random.normal(size=(600, 64)) + random.normal(size=(600, 1))).astype(np.float32)
    few, others = x[:80], x[80:]
    weight = np.random.default_rng(seed + 9).normal(size=(40, 64)).astype(np.float32)
    scale = steps(weight)

    def other_error(damping: float) -> float:
        how = compensation(few.T @ few / len(few), damping)
        return error(others, weight, compensated(weight, scale, FORMAT, how) * scale)

    assert other_error(GENERAL) < other_error(SHORT) < 0.95 * other_error(OWN)
