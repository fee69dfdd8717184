# SPDX-License-Identifier: Apache-2.0
"""Rows through a cache of 4 bits: keys lose their offsets, the first position has its own."""

import numpy as np

from streamhw.numerics.fixed import Fixed
from streamhw.numerics.group_codec import GroupCodec
from streamhw.quantization.cached_rows import cached_codes, restored_codes, stored_codes
from streamhw.quantization.plan import AttentionPlan
from streamhw.quantization.quantized_model import CacheParameters

PLAN = AttentionPlan(
    query=Fixed(16, 12),
    key=Fixed(12),
    value=Fixed(10),
    scores=Fixed(18, 10),
    probabilities=Fixed(16, 16, signed=False),
    out=Fixed(8),
    score_shift=2,
    value_shift=18,
    codec=GroupCodec(element=Fixed(10), group=4),
    centered=True,
)
RNG = np.random.default_rng(3)
OFFSETS = CacheParameters(
    first=RNG.integers(-900, 900, 8).astype(np.int16),
    usual=np.full(8, 300, dtype=np.int16),
    lift=RNG.integers(-900, 900, 8).astype(np.int16),
)
ROWS = 300 + RNG.integers(-100, 100, (2, 5, 8))


def test_keys_come_back_without_what_is_usual() -> None:
    found = cached_codes(PLAN, ROWS, OFFSETS, begins=False)
    assert (np.abs(found - (ROWS - 300)) <= 100 / 14 + 2).all()


def test_the_first_position_has_offsets_of_its_own() -> None:
    rows = ROWS.copy()
    rows[:, 0] = OFFSETS.first + RNG.integers(-7, 7, (2, 8))
    codes, scales = stored_codes(PLAN, rows, OFFSETS, begins=True)
    assert (scales[:, 0] < 0).all() and (scales[:, 1:] >= 0).all()
    found = restored_codes(PLAN, codes, scales, OFFSETS)
    assert (np.abs(found[:, 0] - (rows[:, 0] - OFFSETS.first + OFFSETS.lift)) <= 1).all()
    later = cached_codes(PLAN, ROWS, OFFSETS, begins=False)
    assert (found[:, 1:] == later[:, 1:]).all()


def test_values_have_no_offsets() -> None:
    assert PLAN.codec is not None
    rows = ROWS - 300
    restored = PLAN.codec.decode(*PLAN.codec.encode(rows))
    assert (cached_codes(PLAN, rows, None, begins=True) == restored).all()
