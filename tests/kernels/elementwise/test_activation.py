# SPDX-License-Identifier: Apache-2.0
"""Activation: hardware against golden under stalls, golden against the exact function."""

import numpy as np
import pytest

from streamhw.kernels.elementwise.activation import ActivationSpec
from streamhw.numerics.fixed import Fixed
from streamhw.numerics.functions import (
    BUILT_IN,
    GELU_ERF,
    GELU_TANH,
    RELU,
    SILU,
    ElementwiseFunction,
)
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from streamhw.testing import Case, check_kernel

U16 = Fixed(16, signed=False)
TOKENS = Symbol("tokens", 3)


def by_channel(fmt: Fixed, channels: int, rows: int, lanes: int) -> tuple[ITensor, ITensor]:
    """The order in which a matmul gives its results, and the channels' multipliers in it."""
    outer, inner = Loop(channels // rows, rows, 1), Loop(rows // lanes, lanes, 1)
    tensor = ITensor(fmt, (1, lanes), (outer, Loop(TOKENS, 1, 0), inner))
    return tensor, ITensor(U16, (1, lanes), (outer, Loop(TOKENS), inner))


def spec_of(
    function: ElementwiseFunction, source: int = 11, inner: int = 11, **changes: object
) -> ActivationSpec:
    tensor, scale = by_channel(Fixed(16, source), 24, 8, 4)
    words: dict[str, object] = {"type": tensor, "scale": scale, "multiplier_frac": 20}
    words |= changes
    return ActivationSpec(function=function, inner=Fixed(16, inner), **words)


@pytest.mark.parametrize(
    "spec",
    [
        spec_of(GELU_TANH),
        spec_of(GELU_ERF, 9, 13, multiplier_frac=0),
        spec_of(SILU, 12, 8, out=Fixed(16)),
        spec_of(RELU, 10, 9),
        spec_of(GELU_TANH, 0, 4, out=Fixed(8)),
    ],
    ids=lambda s: f"{s.function.name}-{s.type.fmt.frac}-{s.inner.frac}",
)
def test_hardware_equals_golden(spec: ActivationSpec) -> None:
    rng = np.random.default_rng(3)
    cases = []
    for n in (1, 3, 2, 2):
        x = np.rint(rng.normal(size=(3, 24)) * 2.0 ** rng.uniform(4, 16, size=(3, 24)))
        x = spec.type.fmt.saturate(x.astype(np.int64))
        x[0, :4] = [spec.type.fmt.minimum, spec.type.fmt.maximum, 0, -1]
        scale = rng.integers(0, 2**16, size=(1, 24))
        scale[0, :2] = 2**16 - 1
        inputs = {"i": x, "i_scale": scale}
        cases.append(Case(inputs=inputs, symbol_values={"tokens": n}))
    check_kernel(spec, cases)


@pytest.mark.parametrize("function", [SILU, GELU_TANH])
def test_function_alone_equals_golden(function: ElementwiseFunction) -> None:
    spec = spec_of(function, 12, 11, scale=None, out=Fixed(16, 11), multiplier_frac=0)
    rng = np.random.default_rng(5)
    cases = []
    for n in (1, 3, 2, 2):
        x = rng.integers(-(2**15), 2**15, size=(3, 24))
        x[0, :2] = [spec.type.fmt.minimum, spec.type.fmt.maximum]
        cases.append(Case(inputs={"i": x}, symbol_values={"tokens": n}))
    check_kernel(spec, cases)


def test_one_lane_and_one_beat() -> None:
    tensor, scale = row_major(Fixed(16, 11), (1, 1)), row_major(U16, (1, 1))
    spec = spec_of(GELU_ERF, type=tensor, scale=scale)
    cases = [
        Case(inputs={"i": np.array([[v]]), "i_scale": np.array([[40000]])}) for v in range(-9, 9)
    ]
    check_kernel(spec, cases)


@pytest.mark.parametrize("function", BUILT_IN.values(), ids=str)
def test_result_is_the_function_scaled(function: ElementwiseFunction) -> None:
    spec = spec_of(function)
    rng = np.random.default_rng(4)
    x = rng.integers(-(2**15), 2**15, size=20_000)
    multipliers = rng.integers(0, 2**16, size=x.shape)
    exact = function.double(x * 2.0**-11) * 2.0**11 * multipliers * 2.0**-spec.multiplier_frac
    error = np.abs(spec.golden(x, multipliers) - np.clip(exact, -128, 127))
    assert spec.table.max_error <= 1
    assert (error <= 0.5 + spec.table.max_error * multipliers * 2.0**-spec.multiplier_frac).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": row_major(Fixed(16), (3, 24), 4)}, "scale must have 16 bits unsigned, not s16"),
        ({"scale": row_major(U16, (3, 24), 8)}, "scale must have 4 lanes as type has, not 8"),
        ({"scale": row_major(U16, (2, 24), 4)}, "scale must have 18 beats as type has, not 12"),
        ({"out": Fixed(8, signed=False)}, "type, inner and out must be signed"),
        ({"multiplier_frac": -1}, "multiplier_frac must be 0 to 40, not -1"),
        ({"scale": None, "multiplier_frac": 0}, "out must be s16.11 without scale, not s8"),
    ],
)
def test_bad_parameters(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spec_of(GELU_TANH, **changes)
