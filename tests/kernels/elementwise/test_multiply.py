# SPDX-License-Identifier: Apache-2.0
"""Bench of the elementwise product."""

import re

import numpy as np
import pytest

from streamhw.kernels.elementwise.multiply import MultiplySpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from streamhw.testing import Case, check_kernel

TOKENS = Symbol("tokens", 4)
U16 = Fixed(16, signed=False)


def spec_of(a: Fixed, b: Fixed, inner: Fixed, **changes: object) -> MultiplySpec:
    """Tiles of 4 features, all tokens of one before the next, as a matmul engine gives them."""
    order = (Loop(2, 4, 1), Loop(TOKENS, 1, 0), Loop(2, 2, 1))
    again = (Loop(2, 4, 1), Loop(TOKENS), Loop(2, 2, 1))
    words: dict[str, object] = {
        "type": ITensor(Fixed(8), (1, 2), order),
        "scale": ITensor(U16, (1, 2), again),
        "multiplier_frac": 16,
    }
    return MultiplySpec(a=a, b=b, inner=inner, **(words | changes))  # type: ignore[arg-type]


def random(rng: np.random.Generator, fmt: Fixed, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(fmt.minimum, fmt.maximum, shape, endpoint=True)


@pytest.mark.parametrize(
    "spec",
    [
        spec_of(Fixed(16, 11), Fixed(16, 12), Fixed(18, 10)),
        spec_of(Fixed(9, 4), Fixed(7, 3), Fixed(16, 7), out=Fixed(16), multiplier_frac=0),
        spec_of(Fixed(8, 6), Fixed(8, 6), Fixed(4, 1), multiplier_frac=15),
    ],
    ids=lambda s: str(s.inner),
)
def test_hardware_equals_golden(spec: MultiplySpec) -> None:
    rng = np.random.default_rng(1)
    cases = []
    for n in (1, 4, 2, 3, 3):
        inputs = {"i_a": random(rng, spec.a, (n, 8)), "i_b": random(rng, spec.b, (n, 8))}
        inputs["i_scale"] = random(rng, U16, (1, 8))
        if n == 4:
            inputs["i_scale"][:] = U16.maximum
            inputs["i_a"][0], inputs["i_b"][0] = spec.a.minimum, spec.b.minimum
            inputs["i_a"][1], inputs["i_b"][1] = spec.a.minimum, spec.b.maximum
            inputs["i_a"][2], inputs["i_b"][2] = spec.a.maximum, spec.b.maximum
        cases.append(Case(inputs=inputs, symbol_values={"tokens": n}))
    check_kernel(spec, cases)


def test_golden_is_within_bound_of_exact() -> None:
    rng = np.random.default_rng(2)
    spec = spec_of(Fixed(16, 11), Fixed(16, 12), Fixed(18, 10))
    a, b = random(rng, spec.a, (500, 8)), random(rng, spec.b, (500, 8))
    scale = rng.integers(1, 600, 8)
    exact = spec.a.decode(a) * spec.b.decode(b) / spec.inner.step * scale * 2.0**-16
    inside = np.abs(spec.a.decode(a) * spec.b.decode(b)) < 127
    error = np.abs(spec.golden(a, b, scale) - np.clip(exact, -128, 127))
    assert error[inside].max() <= 0.5 + 0.5 * 600 * 2.0**-16


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": row_major(Fixed(16), (4, 8), 2)}, "scale must have 16 bits unsigned, not s16"),
        ({"scale": row_major(U16, (4, 8), 4)}, "scale must have 2 lanes as type has, not 4"),
        ({"scale": row_major(U16, (2, 8), 2)}, "scale must have 16 beats as type has, not 8"),
        ({"out": Fixed(25)}, "out must be signed with at most 24 bits, not s25"),
        (
            {"inner": Fixed(18, 24)},
            "inner must be no finer than the product of s16.11 and s16.12, not s18.24",
        ),
        ({"multiplier_frac": 41}, "multiplier_frac must be 0 to 40, not 41"),
    ],
)
def test_rejects_bad_parameters(changes: dict[str, object], message: str) -> None:
    words: dict[str, object] = {"a": Fixed(16, 11), "b": Fixed(16, 12), "inner": Fixed(18, 10)}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        spec_of(**(words | changes))  # type: ignore[arg-type]
