# SPDX-License-Identifier: Apache-2.0
"""Key/value caches: how much memory one takes, and how its rows lie there."""

from ...graph import AttentionHeads
from ...kernels.kv_cache.spec import CacheLayout
from .tiling import Tiling

__all__ = ["cache_layout"]


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
