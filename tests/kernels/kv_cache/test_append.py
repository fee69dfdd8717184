# SPDX-License-Identifier: Apache-2.0
"""Bench of the kernel that appends rows to a cache."""

import numpy as np
import pytest

from streamhw.kernels.kv_cache.append import CacheAppendSpec
from streamhw.testing import Case, check_kernel
from tests.kernels.kv_cache.caches import CACHES, BasedAppend, parameters, step


@pytest.mark.parametrize("shape, bits", CACHES)
def test_append_equals_golden(shape: tuple[int, ...], bits: int) -> None:
    parallel_heads, head_dim, lanes, _, width = shape
    spec = BasedAppend(**parameters(parallel_heads, head_dim, lanes, width, bits))
    rng = np.random.default_rng(head_dim)
    cases = [
        Case(
            inputs={
                "i_step": step(spec, n, position, layer),
                "i": rng.integers(
                    spec.element.minimum, spec.element.maximum + 1, (n, spec.heads * head_dim)
                ),
                "i_done": np.zeros(spec.layout.groups * n, dtype=np.int64),
            },
            symbol_values={"tokens": n},
        )
        for n, position, layer in ((1, 0, 0), (3, 1, 2), (2, 14, 1), (3, 5, 0))
    ]
    check_kernel(spec, cases, timing=False)


@pytest.mark.parametrize(
    "change, text",
    [
        ({"width": 96}, "width must be 8 times a power of two, not 96"),
        ({"lanes": 3}, "lanes must divide 16 elements of a beat, not 3"),
        (
            {"head_dim": 24, "lanes": 16},
            "lanes must divide 16 elements of a beat and a row of 24, not 16",
        ),
        ({"bits": 3}, "bits must be 4 or 8, not 3"),
        ({"offset": 8}, "offset must be a multiple of 16 bytes, not 8"),
        ({"parallel_heads": 2}, "parallel_heads must divide the 3 heads, not 2"),
    ],
)
def test_append_rejects_bad_parameters(change: dict[str, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        CacheAppendSpec(**{**parameters(1, 16, 4, 128), **change})
