# SPDX-License-Identifier: Apache-2.0
"""Bench of the adder."""

import numpy as np
import pytest

from streamhw.kernels.elementwise.add import AddSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import Symbol, row_major
from streamhw.testing import Case, check_kernel

ORDER = row_major(Fixed(8), (Symbol("tokens", 4), 8), 2)


def random(rng: np.random.Generator, fmt: Fixed, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(fmt.minimum, fmt.maximum, shape, endpoint=True)


@pytest.mark.parametrize(
    "a, b, out",
    [
        (Fixed(24, 12), Fixed(16, 8), Fixed(24, 12)),
        (Fixed(16, 10), Fixed(8, 3), Fixed(9, 4)),
        (Fixed(8, 2, signed=False), Fixed(8, 0), Fixed(10, 5, signed=False)),
    ],
)
def test_hardware_equals_golden(a: Fixed, b: Fixed, out: Fixed) -> None:
    rng = np.random.default_rng(1)
    cases = [
        Case(
            inputs={"i_a": random(rng, a, (n, 8)), "i_b": random(rng, b, (n, 8))},
            symbol_values={"tokens": n},
        )
        for n in (1, 3, 3, 4)
    ]
    cases[1].inputs["i_a"][0] = a.maximum
    cases[1].inputs["i_b"][0] = b.maximum
    cases[2].inputs["i_a"][0] = a.minimum
    cases[2].inputs["i_b"][0] = b.minimum
    check_kernel(AddSpec(type=ORDER, a=a, b=b, out=out), cases)


def test_golden_rounds_once() -> None:
    rng = np.random.default_rng(2)
    a, b, out = Fixed(24, 12), Fixed(16, 8), Fixed(18, 6)
    spec = AddSpec(type=ORDER, a=a, b=b, out=out)
    x, y = random(rng, a, (4, 8)), random(rng, b, (4, 8))
    exact = np.clip(a.decode(x) + b.decode(y), out.decode(out.minimum), out.decode(out.maximum))
    got = out.decode(spec.compute({"i_a": x, "i_b": y}, {})["o"])
    assert np.abs(got - exact).max() <= out.step / 2


def test_rejects_a_sum_that_is_too_wide() -> None:
    with pytest.raises(ValueError, match="at most 62 bits, not 71"):
        AddSpec(type=ORDER, a=Fixed(40, 0), b=Fixed(40, 30), out=Fixed(40))
