# SPDX-License-Identifier: Apache-2.0
"""The worked example of docs/kernels.md: bench and golden."""

import numpy as np
import pytest

from docs.examples.leaky_relu import LeakyReluSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import Symbol, row_major
from streamhw.testing import Case, check_kernel

SOURCE = Fixed(12, 6)
ORDER = row_major(SOURCE, (Symbol("tokens", 3), 8), 4)


@pytest.mark.parametrize(
    "spec",
    [
        LeakyReluSpec(type=ORDER, slope=26, out=Fixed(12, 6)),
        LeakyReluSpec(type=ORDER, slope=0, out=Fixed(6, 3)),
        LeakyReluSpec(type=ORDER, slope=256, out=Fixed(16, 14)),
        LeakyReluSpec(type=row_major(SOURCE, (1, 1)), slope=77, out=Fixed(8, 2)),
    ],
    ids=lambda s: f"{s.slope}-{s.out}",
)
def test_hardware_equals_golden(spec: LeakyReluSpec) -> None:
    rng = np.random.default_rng(1)
    bound, features = spec.type.tensor_shape()
    cases = []
    for n in (1, bound, bound, bound):
        x = rng.integers(SOURCE.minimum, SOURCE.maximum, (bound, features), endpoint=True)
        x.flat[0] = (SOURCE.minimum, SOURCE.maximum, 0, -1)[len(cases)]
        cases.append(Case(inputs={"i": x}, symbol_values={"tokens": n}))
    check_kernel(spec, cases)


def test_golden_is_the_function() -> None:
    spec = LeakyReluSpec(type=ORDER, slope=26, out=Fixed(10, 4))
    x = np.arange(SOURCE.minimum, SOURCE.maximum + 1)
    real = SOURCE.decode(x)
    exact = np.where(real < 0, 26 / 256 * real, real)
    got = spec.out.decode(spec.compute({"i": x}, {})["o"])
    assert np.abs(got - np.clip(exact, got.min(), got.max())).max() <= spec.out.step / 2


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^slope must be 0 to 256, not 257$"):
        LeakyReluSpec(type=ORDER, slope=257, out=SOURCE)
    with pytest.raises(ValueError, match=r"^out must have at most 14 fraction bits, not 15$"):
        LeakyReluSpec(type=ORDER, slope=1, out=Fixed(16, 15))
