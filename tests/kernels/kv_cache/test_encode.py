# SPDX-License-Identifier: Apache-2.0
"""Bench of the encoder of cached rows."""

import re

import numpy as np
import pytest

from streamhw.kernels.kv_cache.encode import GroupEncodeSpec
from streamhw.numerics.fixed import Fixed
from streamhw.numerics.group_codec import GroupCodec
from streamhw.testing import Case, check_kernel


def spec_of(
    *, heads: int, head_dim: int, lanes: int, group: int, centered: bool
) -> GroupEncodeSpec:
    codec = GroupCodec(element=Fixed(10), group=group)
    bounds = {"tokens": 4, "context": 16, "layers": 2}
    shape = {"heads": heads, "head_dim": head_dim, "lanes": lanes}
    return GroupEncodeSpec(**bounds, **shape, codec=codec, centered=centered)


def case(spec: GroupEncodeSpec, n: int, seed: int, position: int) -> Case:
    """Rows of which some groups are zeros, some small, and some as large as can be."""
    rng = np.random.default_rng(seed)
    features = spec.heads * spec.head_dim
    fmt = spec.port("i").type.fmt
    x = rng.integers(fmt.minimum, fmt.maximum, (n, features), endpoint=True)
    x >>= np.repeat(
        rng.integers(0, fmt.width + 1, (n, features // spec.codec.group)), spec.codec.group, 1
    )
    inputs = {"i": x}
    if spec.centered:
        step = {"tokens": n, "position": position, "layer": 1}
        inputs["i_step"] = np.array([spec.step.const(step).as_value().value], dtype=object)
        words = rng.integers(-600, 600, (2, features)) & 0xFFFF
        inputs["i_offset"] = (words[0] | words[1] << 16).reshape(1, -1)
    return Case(inputs=inputs, symbol_values={"tokens": n})


@pytest.mark.parametrize(
    "spec",
    [
        spec_of(heads=2, head_dim=16, lanes=2, group=8, centered=False),
        spec_of(heads=3, head_dim=8, lanes=8, group=8, centered=True),
        spec_of(heads=1, head_dim=16, lanes=4, group=16, centered=True),
        spec_of(heads=2, head_dim=3, lanes=1, group=1, centered=True),
    ],
    ids=lambda s: f"{s.heads}x{s.head_dim}x{s.lanes} groups of {s.codec.group}",
)
def test_hardware_equals_golden(spec: GroupEncodeSpec) -> None:
    runs = ((1, 0), (3, 1), (4, 0), (2, 7))
    check_kernel(spec, [case(spec, n, seed, at) for seed, (n, at) in enumerate(runs)])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"group": 5}, "group must divide head_dim 16, not 5"),
        ({"lanes": 3}, "lanes must divide a group of 8, not 3"),
        ({"lanes": 0}, "lanes must divide a group of 8, not 0"),
    ],
)
def test_rejects_bad_parameters(changes: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        spec_of(**({"heads": 2, "head_dim": 16, "lanes": 4, "group": 8} | changes), centered=True)
