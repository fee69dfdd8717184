# SPDX-License-Identifier: Apache-2.0
"""Bench of the decoder of cached rows."""

import re

import numpy as np
import pytest

from streamhw.kernels.kv_cache.decode import GroupDecodeSpec
from streamhw.numerics.fixed import Fixed
from streamhw.numerics.group_codec import SCALE, GroupCodec
from streamhw.testing import Case, check_kernel

CODEC = GroupCodec(element=Fixed(10), group=4)


def spec_of(**changes: object) -> GroupDecodeSpec:
    shape: dict[str, object] = {"tokens": 2, "heads": 2, "head_dim": 8, "context": 8, "lanes": 8}
    return GroupDecodeSpec(**(shape | {"codec": CODEC, "out": Fixed(12)} | changes))  # type: ignore[arg-type]


def case(spec: GroupDecodeSpec, lengths: list[int], seed: int, is_first: bool) -> Case:
    """Rows of these lengths; what is behind the longest one is not read."""
    rng = np.random.default_rng(seed)
    features = spec.heads // spec.shared * spec.head_dim
    rows = (len(lengths), spec.context) if spec.windowed else (spec.context,)
    codes = rng.integers(-8, 8, (*rows, features))
    scales = rng.integers(0, SCALE.maximum, (*rows, features // spec.codec.group), endpoint=True)
    if is_first and not spec.windowed:
        scales[0] += SCALE.minimum
    ends = np.array(lengths)[:, None] if spec.windowed else max(lengths)
    outside = np.arange(spec.context) >= ends
    codes[outside] = scales[outside] = 0
    inputs = {"i_code": codes, "i_scale": scales}
    if spec.lifted:
        inputs["i_lift"] = rng.integers(-3000, 3000, (1, features))
    return Case(inputs=inputs, symbol_values={"tokens": len(lengths), "length": lengths})


@pytest.mark.parametrize(
    "spec",
    [
        spec_of(),
        spec_of(lanes=2, shared=2, lifted=True),
        spec_of(heads=4, shared=2, parallel_heads=4, lifted=True),
        spec_of(heads=2, parallel_heads=2, positions=2, lifted=True),
        spec_of(windowed=True, positions=4),
    ],
    ids=["whole heads", "a part of a head", "heads", "positions", "windows"],
)
def test_hardware_equals_golden(spec: GroupDecodeSpec) -> None:
    runs = (([1, 2], True), ([5, 6], True), ([8], True))
    if not spec.lifted:
        runs += (([3, 4], False),)
    cases = [case(spec, lengths, s, first) for s, (lengths, first) in enumerate(runs)]
    check_kernel(spec, cases)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codec": GroupCodec(element=Fixed(10), group=3)}, "group must divide head_dim 8, not 3"),
        ({"out": Fixed(9)}, "out must be signed with at least 10 bits, not s9"),
        ({"lifted": True, "windowed": True}, "lifted must be rows without windows"),
        ({"lanes": 3}, "lanes must divide head_dim 8, not 3"),
        ({"heads": 3, "shared": 2}, "shared must divide the 3 heads, not 2"),
        ({"positions": 3}, "positions must be a power of two that divides the context of 8, not 3"),
    ],
)
def test_rejects_bad_parameters(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        spec_of(**changes)
