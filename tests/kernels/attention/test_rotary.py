# SPDX-License-Identifier: Apache-2.0
"""Bench of the rotary embedding, and its error against the real one."""

import re

import numpy as np
import pytest

from streamhw.graph import Angles
from streamhw.kernels.attention.rotary import RotarySpec
from streamhw.numerics.fixed import Fixed
from streamhw.numerics.rotary_tables import angle_words
from streamhw.testing import Case, check_kernel


def case(spec: RotarySpec, n: int, seed: int, position: int = 0) -> Case:
    rng = np.random.default_rng(seed)
    shape = (n, spec.heads * spec.head_dim)
    x = rng.integers(spec.source.minimum, spec.source.maximum, shape, endpoint=True)
    words = angle_words(
        np.arange(position, position + n),
        Angles(features=2 * spec.pairs, bases=(1e4,)).frequencies(None),
    )
    return Case(inputs={"i": x, "i_angle": words}, symbol_values={"tokens": n})


@pytest.mark.parametrize(
    "spec",
    [
        RotarySpec(tokens=4, heads=2, head_dim=8, lanes=2, source=Fixed(16, 9), out=Fixed(16, 9)),
        RotarySpec(tokens=4, heads=3, head_dim=8, lanes=4, source=Fixed(16, 7), out=Fixed(8)),
        RotarySpec(tokens=4, heads=1, head_dim=2, lanes=1, source=Fixed(9), out=Fixed(12, 3)),
    ],
    ids=lambda s: f"{s.heads}x{s.head_dim}x{s.lanes}",
)
def test_hardware_equals_golden(spec: RotarySpec) -> None:
    cases = [case(spec, n, seed, 17 * seed) for seed, n in enumerate((1, 4, 2, 3, 3))]
    cases[1].inputs["i"][:2] = spec.source.minimum
    cases[1].inputs["i"][2] = spec.source.maximum
    check_kernel(spec, cases)


def test_golden_is_within_bound_of_exact() -> None:
    spec = RotarySpec(
        tokens=64, heads=2, head_dim=64, lanes=8, source=Fixed(16, 9), out=Fixed(18, 9)
    )
    given = case(spec, 64, 1, 900)
    x = given.inputs["i"].reshape(64, 2, 2, 32)
    turns = np.arange(900, 964)[:, None, None] * 1e4 ** (-np.arange(32) / 32)
    first, second = x[:, :, 0], x[:, :, 1]
    exact = np.stack(
        [
            first * np.cos(turns) - second * np.sin(turns),
            second * np.cos(turns) + first * np.sin(turns),
        ],
        axis=2,
    )
    found = spec.compute(given.inputs, given.symbol_values)["o"].reshape(exact.shape)
    bound = 0.5 + 2.0**-15 * np.abs(x).sum(axis=2, keepdims=True)
    assert (np.abs(found - exact) <= bound).all()


def test_position_0_turns_nothing() -> None:
    spec = RotarySpec(tokens=1, heads=2, head_dim=8, lanes=4, source=Fixed(16, 9), out=Fixed(16, 9))
    given = case(spec, 1, 1)
    assert (spec.compute(given.inputs, given.symbol_values)["o"] == given.inputs["i"]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lanes": 8}, "lanes must divide half of head_dim 8, not 8"),
        ({"source": Fixed(20)}, "source must be signed with at most 18 bits, not s20"),
        ({"out": Fixed(8, signed=False)}, "out must be signed with at most 24 bits, not u8"),
        ({"out": Fixed(16, 30)}, "out must be no finer than the products, not s16.30"),
    ],
)
def test_rejects_bad_parameters(changes: dict[str, object], message: str) -> None:
    words: dict[str, object] = {"tokens": 2, "heads": 2, "head_dim": 8, "lanes": 4}
    words |= {"source": Fixed(16, 9), "out": Fixed(16, 9)}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        RotarySpec(**(words | changes))  # type: ignore[arg-type]
