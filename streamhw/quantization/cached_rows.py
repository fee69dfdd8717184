# SPDX-License-Identifier: Apache-2.0
"""Rows of keys or values as a cache of 4 bits gives them back."""

import numpy as np
from numpy.typing import NDArray

from ..numerics.group_codec import SCALE
from .plan import AttentionPlan
from .quantized_model import CacheParameters

__all__ = ["cached_codes", "restored_codes", "stored_codes"]

Ints = NDArray[np.int64]


def stored_codes(
    plan: AttentionPlan, rows: Ints, offsets: CacheParameters | None, *, begins: bool
) -> tuple[Ints, Ints]:
    """Codes [..., n, features] and scales [..., n, features / group] that memory gets of rows.

    offsets: of keys that are centered, else ``None``; begins: whether the first row is that of
    position 0
    """
    assert plan.codec is not None
    if offsets is None:
        return plan.codec.encode(rows)
    off = np.broadcast_to(offsets.usual.astype(np.int64), rows.shape[-2:]).copy()
    if begins:
        off[0] = offsets.first
    codes, scales = plan.codec.encode(plan.codec.element.saturate(rows - off))
    if begins:
        scales[..., 0, :] += SCALE.minimum
    return codes, scales


def restored_codes(
    plan: AttentionPlan, codes: Ints, scales: Ints, offsets: CacheParameters | None
) -> Ints:
    """Rows [..., n, features] as they come back: keys without what is usual."""
    assert plan.codec is not None
    found = plan.codec.decode(codes, scales & SCALE.maximum)
    if offsets is None:
        return found
    lift = np.where(scales[..., :1] < 0, offsets.lift.astype(np.int64), 0)
    return plan.key.saturate(found + lift)


def cached_codes(
    plan: AttentionPlan, rows: Ints, offsets: CacheParameters | None, *, begins: bool
) -> Ints:
    """``restored_codes`` of ``stored_codes``."""
    return restored_codes(plan, *stored_codes(plan, rows, offsets, begins=begins), offsets)
