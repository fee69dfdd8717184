# SPDX-License-Identifier: Apache-2.0
"""Attention: what is decided of its keys."""

from pathlib import Path

from streamhw.compiler.layers.table import layer_table
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.plan import AttentionPlan
from streamhw.quantization.quantized_model import CacheParameters
from streamhw.quantization.quantizer import quantize
from tests.tiny import write_tiny


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
