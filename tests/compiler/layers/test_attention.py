# SPDX-License-Identifier: Apache-2.0
"""Attention: its caches in memory, of all layers and positions."""

from streamhw.compiler.layers.attention import ATTENTION
from streamhw.compiler.mapping.cache_layout import cache_layout
from tests.compiler.layers.placed import Placed


def test_keys_and_values_have_a_cache_each(families: tuple[Placed, ...]) -> None:
    for placed in families:
        context = placed.context
        for node, _ in placed.nodes(ATTENTION):
            regions = ATTENTION.memory.working(context, node)
            layout = cache_layout(
                node.op.attention,
                context.tiling,
                context=context.graph.context,
                layers=context.layers,
                beat_bits=context.beat_bits,
                cache_bits=8,
            )
            assert len(regions) == 2
            assert set(regions.values()) == {layout.size}
            assert all(name.startswith(node.name) for name in regions)


def test_nothing_of_it_is_in_the_image() -> None:
    assert ATTENTION.memory.segments is None and ATTENTION.memory.stored is None
