# SPDX-License-Identifier: Apache-2.0
"""Key/value caches: how much memory one takes, and how its rows lie there."""

from dataclasses import replace

from ...graph import AttentionHeads
from ...kernels.kv_cache.spec import CacheLayout
from ...numerics.group_codec import SCALE, group_of
from .tiling import Tiling

__all__ = ["cache_layout", "scale_layout"]


def cache_layout(
    op: AttentionHeads,
    tiling: Tiling,
    context: int,
    layers: int,
    beat_bits: int,
    cache_bits: int,
) -> CacheLayout:
    """The layout of the keys, or of the values, of an attention node in all layers.

    cache_bits: of an element
    """
    return CacheLayout(
        heads=op.kv_heads,
        head_dim=op.head_dim,
        context=context,
        layers=layers,
        width=beat_bits,
        parallel_heads=max(1, tiling.attention_heads // op.shared),
        bits=cache_bits,
    )


def scale_layout(layout: CacheLayout) -> CacheLayout | None:
    """That of the scales of a cache of 4 bits; ``None``: elements of 8 bits have none."""
    if layout.bits == SCALE.width:
        return None
    scales = layout.head_dim // group_of(layout.head_dim)
    return replace(layout, head_dim=scales, bits=SCALE.width)
