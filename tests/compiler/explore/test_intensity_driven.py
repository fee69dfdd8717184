# SPDX-License-Identifier: Apache-2.0
"""Unrolling by intensity."""

from itertools import pairwise

from streamhw.compiler.explore.design_point import Choice
from streamhw.compiler.explore.intensity_driven import unroll_by_intensity, unroll_of
from streamhw.compiler.explore.space import Space


def test_intensity_doubles_the_slowest(space: Space) -> None:
    """Ends balanced: no kernel could have waited, since each doubled only while it was slowest."""
    sizes: list[dict[str, int]] = []

    def fits(choice: Choice) -> bool:
        names = ("row-wise kernels", "attention", *choice.tiling.engines)
        sizes.append({name: unroll_of(choice.tiling, name) for name in names})
        return sum(e.multipliers for e in choice.tiling.engines.values()) <= 64

    groups = list(space.partitions())[-1]
    choice = unroll_by_intensity(space, groups, 8, fits)
    assert choice is not None
    assert sum(e.multipliers for e in choice.tiling.engines.values()) <= 64
    for before, after in pairwise(sizes):
        (changed,) = (name for name in before if before[name] != after[name])
        assert after[changed] == 2 * before[changed]
    # qkv has most multiplications, attention_out least
    engines = choice.tiling.engines
    assert engines["matmul_qkv"].multipliers > engines["matmul_attention_out"].multipliers
    assert engines["matmul_qkv"].rows > engines["matmul_qkv"].inputs
    assert unroll_by_intensity(space, groups, 8, lambda choice: False) is None
