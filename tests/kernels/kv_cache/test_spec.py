# SPDX-License-Identifier: Apache-2.0
"""Where the rows of a cache lie."""

import numpy as np
import pytest

from streamhw.kernels.kv_cache.append import CacheAppendSpec
from streamhw.kernels.kv_cache.read import CacheReadSpec
from streamhw.kernels.kv_cache.spec import CacheLayout


def test_padded_rows_and_their_size() -> None:
    """12 heads of 64 take 1,024 bytes; two positions a beat of 2,048, one write a token."""
    shape = {"heads": 12, "head_dim": 64, "context": 1001, "layers": 12, "width": 16384}
    layout = CacheLayout(**shape, parallel_heads=12)
    assert (layout.row, layout.pitch, layout.beat_rows, layout.row_beats) == (768, 1024, 2, 1)
    assert layout.size == 12 * 501 * 2048
    assert [layout.beats(n) for n in (1, 2, 3)] == [1, 1, 2]
    assert [layout.whole_beats(n) for n in (1, 2, 3)] == [0, 1, 1]
    append = CacheAppendSpec(**shape, tokens=16, lanes=32, parallel_heads=12)
    assert append.traffic({"tokens": 16}) == 16
    read = CacheReadSpec(**shape, tokens=16, lanes=768, parallel_heads=12)
    assert read.traffic({"tokens": 1, "length": [1000]}) == 500


def test_elements_of_4_bits_take_half_the_bytes() -> None:
    shape = {"heads": 12, "head_dim": 64, "context": 1001, "layers": 12, "width": 8192}
    layout = CacheLayout(**shape, parallel_heads=12, bits=4)
    assert (layout.elements, layout.row, layout.pitch, layout.beat_rows) == (768, 384, 512, 2)
    assert 2 * layout.size == CacheLayout(**{**shape, "width": 16384}, parallel_heads=12).size
    odd = CacheLayout(heads=2, head_dim=5, context=3, layers=1, width=64, bits=4)
    assert (odd.row, odd.pitch, odd.unit, odd.beat_rows) == (3, 4, 5, 2)
    row = np.array([-8, 7, -1, 3, -2])
    assert odd.pack(row) == b"\x78\x3f\x0e"
    assert (odd.unpack(odd.pack(row) + b"\xee") == row).all()


def test_a_kernel_is_located_where_its_region_begins() -> None:
    shape = {"heads": 4, "head_dim": 16, "context": 32, "layers": 2, "width": 512}
    append = CacheAppendSpec(**shape, tokens=4, lanes=16)
    assert append.located(4096).offset == 4096 and append.located(0) == append
    with pytest.raises(ValueError, match="offset must be a multiple of 64 bytes, not 8"):
        append.located(8)
