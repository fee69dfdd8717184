# SPDX-License-Identifier: Apache-2.0
"""The layout of a cache follows from the attention node and the heads in parallel."""

import pytest

from streamhw.compiler.mapping.cache_layout import cache_layout, scale_layout
from streamhw.compiler.mapping.tiling import Tiling
from streamhw.graph import Attention


@pytest.mark.parametrize(("heads", "rows"), [(1, 1), (2, 1), (4, 2), (8, 4)])
def test_rows_hold_the_cached_heads_of_parallel_query_heads(heads: int, rows: int) -> None:
    op = Attention(heads=8, kv_heads=4, head_dim=16, causal=True).attention
    tiling = Tiling(token_batch=4, lanes=4, attention_lanes=4, engines={}, attention_heads=heads)
    layout = cache_layout(op, tiling, context=64, layers=3, beat_bits=512, cache_bits=8)
    assert layout.parallel_heads == rows
    assert (layout.heads, layout.row, layout.layers) == (4, 16 * rows, 3)


def test_scales_of_narrow_elements_have_a_layout_of_their_own() -> None:
    op = Attention(heads=8, kv_heads=4, head_dim=16, causal=True).attention
    tiling = Tiling(token_batch=4, lanes=4, attention_lanes=4, engines={}, attention_heads=4)
    shape = {"context": 64, "layers": 3, "beat_bits": 512}
    assert scale_layout(cache_layout(op, tiling, **shape, cache_bits=8)) is None
    codes = cache_layout(op, tiling, **shape, cache_bits=4)
    scales = scale_layout(codes)
    assert scales is not None and (codes.row, scales.row) == (16, 4)
    assert (scales.parallel_heads, scales.bits) == (codes.parallel_heads, 8)
    assert 4 * scales.size == codes.size
