# SPDX-License-Identifier: Apache-2.0
"""Caches of attention: a region for all layers and positions, a writer and a reader of each."""

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.attention import ATTENTION
from streamhw.compiler.layers.attention_caches import CACHES
from streamhw.compiler.mapping.cache_layout import cache_layout
from streamhw.compiler.pipeline import compile_model
from streamhw.quantization.config import QuantConfig
from tests.compiler.layers.placed import Placed
from tests.tiny import tiny_decoder


def test_keys_and_values_have_a_cache_each(families: tuple[Placed, ...]) -> None:
    for placed in families:
        context = placed.context
        for node, _ in placed.nodes(ATTENTION):
            regions = CACHES.working(context, node)
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


def test_nothing_of_it_is_in_the_image(families: tuple[Placed, ...]) -> None:
    segments = CACHES.segments
    assert segments is not None and CACHES.stored is None
    for placed in families:
        for node, _ in placed.nodes(ATTENTION):
            assert segments(placed.context, node) is None


@pytest.mark.parametrize(("bits", "parts"), [(8, ("",)), (4, ("", "_scales"))])
def test_each_region_has_a_writer_and_a_reader(bits: int, parts: tuple[str, ...]) -> None:
    choices = QuantConfig(weight_bits=8, cache_bits=bits)
    design = compile_model(
        tiny_decoder(), load_board("sim"), BuildConfig(quantization=choices), stop="lower"
    )
    names = {
        i.name for i in design.instances if i.name.startswith(("attention_key", "attention_v"))
    }
    wanted = {
        f"attention_{role}{part}_{what}"
        for role in ("key", "value")
        for part in parts
        for what in ("append", "read")
    }
    if bits == 4:
        wanted |= {
            f"attention_{role}_{what}" for role in ("key", "value") for what in ("encode", "decode")
        }
    assert names - {"attention_values"} == wanted
