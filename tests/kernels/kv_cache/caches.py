# SPDX-License-Identifier: Apache-2.0
"""Caches of many shapes, and kernels with a base."""

import numpy as np
from amaranth.lib import wiring

from streamhw.kernels.kv_cache.append import CacheAppendSpec
from streamhw.kernels.kv_cache.read import CacheReadSpec
from tests.kernels.based import Based

BASE = 0x12_3400_0000


SHAPES = [
    (1, 16, 4, 4, 128),
    (1, 4, 2, 2, 128),
    (1, 32, 8, 8, 128),
    (1, 8, 8, 8, 64),
    (1, 8, 1, 1, 512),
    (1, 32, 8, 16, 64),
    (1, 6, 3, 6, 128),
    (1, 24, 8, 24, 128),
    (3, 4, 4, 12, 128),
    (3, 8, 8, 24, 512),
    (2, 8, 8, 16, 64),
    (3, 8, 4, 24, 64),
    (3, 4, 2, 12, 64),
]
"""Heads in parallel, head_dim, lanes of the append and of the read kernel, bits of a memory beat:
rows that fill a memory beat or several, or of which a memory beat has several, with and without
padding; beats of them that are cut and joined."""


ODD = [(1, 5, 1, 5, 64), (1, 1, 1, 1, 64), (3, 7, 1, 21, 64), (3, 5, 5, 15, 512)]
"""Rows that end within a byte if elements have 4 bits."""

CACHES = [*((s, 8) for s in SHAPES), *((s, 4) for s in (*SHAPES, *ODD))]
"""Shapes, and bits of an element."""


WHOLE = [s for s in SHAPES if s[3] == s[0] * s[1]]
"""Those whose read kernel sends whole rows, and so may send several."""


class BasedAppend(CacheAppendSpec):
    """The kernel with a base; its golden counts from there."""

    def compute(self, inputs, symbol_values):  # type: ignore[no-untyped-def]
        results = super().compute(inputs, symbol_values)
        return results | {"o_command": results["o_command"] + BASE}

    def create(self) -> wiring.Component:  # type: ignore[override]
        return Based(super().create(), BASE)


class BasedRead(CacheReadSpec):
    """The kernel with a base; its golden counts from there."""

    def compute(self, inputs, symbol_values):  # type: ignore[no-untyped-def]
        results = super().compute(inputs, symbol_values)
        return results | {"o_command": results["o_command"] + BASE}

    def create(self) -> wiring.Component:  # type: ignore[override]
        return Based(super().create(), BASE)


def parameters(
    parallel_heads: int, head_dim: int, lanes: int, width: int, bits: int = 8
) -> dict[str, int]:
    heads = 4 if parallel_heads == 2 else 3
    shape = {"heads": heads, "head_dim": head_dim, "context": 16, "layers": 3, "tokens": 3}
    return shape | {
        "lanes": lanes,
        "width": width,
        "offset": 7 * width,
        "parallel_heads": parallel_heads,
        "bits": bits,
    }


def step(spec: CacheAppendSpec | CacheReadSpec, n: int, position: int, layer: int) -> np.ndarray:
    fields = {"tail": 0, "head": 1, "tokens": n, "position": position, "layer": layer}
    return np.array([spec.step.const(fields).as_value().value])
