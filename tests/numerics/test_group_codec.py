# SPDX-License-Identifier: Apache-2.0
"""Codes with scales of groups: errors, ranges and the constants of the integer division."""

import re

import numpy as np
import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.numerics.group_codec import CODE, SCALE, GroupCodec, group_of

CODECS = [GroupCodec(element=Fixed(width), group=8) for width in (8, 9, 10)]


@pytest.mark.parametrize("codec", CODECS, ids=lambda c: f"{c.element.width} bits")
def test_an_element_comes_back_within_half_a_scale(codec: GroupCodec) -> None:
    rng = np.random.default_rng(codec.element.width)
    reach = 889 >> codec.frac
    x = rng.integers(-reach, reach, (512, 32), endpoint=True) >> rng.integers(0, 8, (512, 1))
    codes, scales = codec.encode(x)
    assert (np.abs(codes) <= 7).all() and (scales <= SCALE.maximum).all()
    step = np.repeat(scales, codec.group, axis=-1) / 2**codec.frac
    assert (np.abs(codec.decode(codes, scales) - x) <= step * 0.51 + 0.5).all()
    # no smaller scale would do
    peaks = np.abs(x).reshape(512, -1, codec.group).max(axis=-1) << codec.frac
    assert (scales == -(-peaks // 7)).all()


@pytest.mark.parametrize("codec", CODECS, ids=lambda c: f"{c.element.width} bits")
def test_the_largest_elements_saturate(codec: GroupCodec) -> None:
    for value in (codec.element.minimum, codec.element.maximum):
        x = np.full((1, codec.group), value)
        codes, scales = codec.encode(x)
        assert scales == SCALE.maximum
        assert (codes == (CODE.minimum if value < 0 else CODE.maximum)).all()
        assert (np.abs(codec.decode(codes, scales) - x) <= 1 + abs(value) // 7).all()


def test_zeros_stay_zeros() -> None:
    codec = CODECS[-1]
    codes, scales = codec.encode(np.zeros((3, 16), dtype=np.int64))
    assert not codes.any() and not scales.any()
    assert not codec.decode(codes, scales).any()


@pytest.mark.parametrize(("head_dim", "group"), [(64, 8), (12, 4), (7, 1), (8, 8)])
def test_a_group_divides_a_head(head_dim: int, group: int) -> None:
    assert group_of(head_dim) == group


@pytest.mark.parametrize(
    ("element", "group", "message"),
    [
        (Fixed(11), 8, "element must be signed with 8 to 10 bits, not s11"),
        (Fixed(7), 8, "element must be signed with 8 to 10 bits, not s7"),
        (Fixed(8, signed=False), 8, "element must be signed with 8 to 10 bits, not u8"),
        (Fixed(8), 0, "group must be at least 1, not 0"),
    ],
)
def test_rejects_bad_parameters(element: Fixed, group: int, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        GroupCodec(element=element, group=group)
