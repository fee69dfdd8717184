# SPDX-License-Identifier: Apache-2.0
"""Attention: its caches in memory, of all layers and positions."""

from pathlib import Path

from streamhw.compiler.layers.attention import ATTENTION
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.mapping.cache_layout import cache_layout
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.plan import AttentionPlan
from streamhw.quantization.quantized_model import CacheParameters
from streamhw.quantization.quantizer import quantize
from tests.compiler.layers.placed import Placed
from tests.tiny import write_tiny


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


def test_nothing_of_it_is_in_the_image(families: tuple[Placed, ...]) -> None:
    segments = ATTENTION.memory.segments
    assert segments is not None and ATTENTION.memory.stored is None
    for placed in families:
        for node, _ in placed.nodes(ATTENTION):
            assert segments(placed.context, node) is None


def test_a_cache_of_4_bits_has_scales_and_offsets(tmp_path: Path) -> None:
    model = load(write_tiny(tmp_path / "model"))
    quantized = quantize(
        model, layer_table().quantization, QuantConfig(cache_bits=4, scale_group=32)
    )
    node = model.graph.node("attention")
    plan = quantized.plan.of(node.name, AttentionPlan)
    assert plan.centered and plan.codec is not None
    offsets = quantized.fed(node.name, 1, CacheParameters)
    features = model.graph.shapes[node.inputs[1]][-1]
    assert offsets.usual.shape == offsets.first.shape == (features,)
    assert (offsets.lift == plan.key.saturate(offsets.first - offsets.usual.astype(int))).all()
    assert offsets.usual.any() and offsets.lift.any()
