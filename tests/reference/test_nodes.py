# SPDX-License-Identifier: Apache-2.0
"""Each prepared node of the integer reference against its kernel's own golden, at extremes, too."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streamhw.graph import Rotary
from streamhw.kernels.attention.rotary import RotarySpec
from streamhw.kernels.elementwise.activation import ActivationSpec
from streamhw.kernels.elementwise.add import AddSpec
from streamhw.kernels.elementwise.multiply import MultiplySpec
from streamhw.kernels.norm.layernorm import NormSpec
from streamhw.numerics.fixed import Fixed
from streamhw.numerics.functions import GELU_TANH, RELU, SILU, ElementwiseFunction
from streamhw.quantization.plan import (
    ActivationPlan,
    AddPlan,
    MultiplyPlan,
    NormPlan,
    RotaryPlan,
)
from streamhw.quantization.quantized_model import (
    ActivationParameters,
    NormParameters,
)
from streamhw.reference.nodes import Added, Curve, Multiplied, NormReference, Rotated
from streamhw.stream.itensor.itensor import row_major
from tests.reference.codes import ROWS, codes

Ints = NDArray[np.int64]

U16 = Fixed(16, signed=False)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("zeros", [0, 5])
@pytest.mark.parametrize(("heads", "centered"), [(1, True), (1, False), (3, False)])
def test_norms(seed: int, heads: int, centered: bool, zeros: int) -> None:
    """``zeros``: features of each head that pad it."""
    random = np.random.default_rng(seed)
    counted = int(random.choice([2, 32, 96, 1024]))
    features = counted + zeros
    plan = NormPlan(
        source=Fixed(24, 12),
        out=Fixed(8 if seed % 2 else 16),
        epsilon=1e-5,
        gamma_frac=6,
        beta_frac=4 if centered else 0,
        heads=heads,
        centered=centered,
        counted=counted,
    )
    spec = NormSpec(
        features=features,
        lanes=1,
        tokens=1,
        source=plan.source,
        out=plan.out,
        epsilon=plan.epsilon,
        gamma_frac=plan.gamma_frac,
        beta_frac=plan.beta_frac,
        heads=heads,
        centered=centered,
        counted=counted,
    )
    x = codes(random, plan.source, ROWS, heads * features)
    x[2] = 0
    gamma, beta = (
        random.integers(-(2**15), 2**15, heads * features).astype(np.int16) for _ in range(2)
    )
    for values in (x, gamma, beta):
        values.reshape(-1, features)[:, counted:] = 0
    expected = spec.golden(x, gamma, beta if centered else None)
    norm = NormReference(plan, NormParameters(gamma=gamma, beta=beta if centered else None))
    assert (norm(x.astype(np.float64)) == expected).all()


@pytest.mark.parametrize(
    ("a", "b", "out"),
    [
        (Fixed(24, 12), Fixed(24, 12), Fixed(24, 12)),
        (Fixed(24, 10), Fixed(24, 14), Fixed(24, 11)),
        (Fixed(16, 3), Fixed(12, 5), Fixed(20, 9)),
    ],
)
def test_sums(a: Fixed, b: Fixed, out: Fixed) -> None:
    random = np.random.default_rng(1)
    plan = AddPlan(a=a, b=b, out=out)
    x, y = codes(random, a, ROWS, 64), codes(random, b, ROWS, 64)
    spec = AddSpec(type=row_major(out, (1, 1)), a=a, b=b, out=out)
    expected = spec.compute({"i_a": x, "i_b": y}, {})["o"]
    assert (Added(plan)(x.astype(np.float64), y.astype(np.float64)) == expected).all()


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("function", [GELU_TANH, SILU, RELU])
def test_curves(function: ElementwiseFunction, scaled: bool) -> None:
    random = np.random.default_rng(2)
    middle = Fixed(16, 11)
    plan = ActivationPlan(
        function=function.name,
        source=Fixed(16, 11),
        middle=middle,
        scale=U16 if scaled else None,
        scale_shift=18 if scaled else 0,
        out=Fixed(8) if scaled else middle,
    )
    spec = ActivationSpec(
        function=function,
        type=row_major(plan.source, (1, 1)),
        scale=row_major(U16, (1, 1)) if scaled else None,
        out=plan.out,
        inner=middle,
        multiplier_frac=plan.scale_shift,
    )
    x = codes(random, plan.source, ROWS, 200)
    scale = random.integers(1, 2**16, 200).astype(np.uint16)
    expected = spec.golden(x, scale if scaled else None)
    curve = Curve(plan, ActivationParameters(scale=scale))
    assert (curve(x.astype(np.float64)) == expected).all()


def test_multiplied_values() -> None:
    random = np.random.default_rng(3)
    plan = MultiplyPlan(
        a=Fixed(16, 10), b=Fixed(24, 12), middle=Fixed(16, 9), scale=U16, scale_shift=20,
        out=Fixed(8),
    )  # fmt: skip
    spec = MultiplySpec(
        type=row_major(plan.out, (1, 1)),
        scale=row_major(U16, (1, 1)),
        a=plan.a,
        b=plan.b,
        inner=plan.middle,
        out=plan.out,
        multiplier_frac=plan.scale_shift,
    )
    a, b = codes(random, plan.a, ROWS, 50), codes(random, plan.b, ROWS, 50)
    scale = random.integers(1, 2**16, 50).astype(np.uint16)
    found = Multiplied(plan, ActivationParameters(scale=scale))(a * 1.0, b * 1.0)
    assert (found == spec.golden(a, b, scale)).all()


def test_turned_pairs() -> None:
    random = np.random.default_rng(4)
    plan = RotaryPlan(source=Fixed(16, 7), out=Fixed(8))
    sizes = {"heads": 3, "head_dim": 8}
    spec = RotarySpec(tokens=1, lanes=1, source=plan.source, out=plan.out, **sizes)
    x = codes(random, plan.source, ROWS, 24)
    words = random.integers(0, 2**32, (ROWS, 4))
    found = Rotated(plan, Rotary(**sizes))(x * 1.0, words)
    assert (found == spec.golden(x, words)).all()
