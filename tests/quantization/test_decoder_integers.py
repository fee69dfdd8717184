# SPDX-License-Identifier: Apache-2.0
"""Decoders of the Llama family: formats, integers on demand, and integers against floats."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from streamhw.compiler.layers.table import layer_table
from streamhw.frontend import load
from streamhw.frontend.decoder_config import DecoderConfig
from streamhw.graph.float_reference import forward
from streamhw.numerics.fixed import Fixed
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.fake_quant import fake_forward
from streamhw.quantization.plan import RotaryPlan
from streamhw.quantization.quantized_model import LinearParameters, NormParameters
from streamhw.quantization.quantizer import quantize
from streamhw.reference.integer_model import Cache, IntegerModel
from tests.tiny import TINY_GEMMA, TINY_LLAMA, TINY_QWEN, tiny_decoder

TOKENS = np.random.default_rng(5).integers(0, 60, (4, 32))
CONFIGS = pytest.mark.parametrize("config", [TINY_LLAMA, TINY_QWEN, TINY_GEMMA])


def relative(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.sqrt(np.mean((found - exact) ** 2) / np.var(exact)))


@CONFIGS
def test_integers_follow_the_floats(config: DecoderConfig) -> None:
    model = tiny_decoder(config)
    quantized = quantize(model, layer_table().quantization, QuantConfig(weight_bits=8))
    exact = forward(model.graph, model.weights, TOKENS, all_rows=True)["logits"]
    fake = fake_forward(model, quantized, TOKENS, all_rows=True)["logits"]
    integer = IntegerModel(quantized, layer_table().reference).logits(TOKENS)
    assert relative(fake, exact) < 0.06
    assert relative(integer, fake) < 0.04


@CONFIGS
def test_steps_do_not_change_results(config: DecoderConfig) -> None:
    quantized = quantize(
        tiny_decoder(config), layer_table().quantization, QuantConfig(scale_group=32)
    )
    golden = IntegerModel(quantized, layer_table().reference)
    whole = golden.step(TOKENS[0, :9].tolist(), Cache())
    cache = Cache()
    for part in (TOKENS[0, :4], TOKENS[0, 4:5], TOKENS[0, 5:9]):
        last = golden.step(part.tolist(), cache)
    for name in ("k_rotated", "gated", "residual_2"):
        assert (last[name, 1] == whole[name, 1][5:]).all()


def test_formats() -> None:
    formats = quantize(
        tiny_decoder(TINY_GEMMA), layer_table().quantization, QuantConfig(scale_group=32)
    ).formats
    assert formats["embedding"] == formats["x"] == formats["residual_2"]
    assert formats["q_norm"] == formats["q_rotated"] and formats["q_norm"].width == 16
    assert formats["k_norm"] == Fixed(16, 7) and formats["k_rotated"] == Fixed(8)
    assert formats["q"].width == formats["attention_out"].width == 24
    assert formats["attention_norm"] == formats["mlp_norm"] == formats["x"]
    assert formats["activation"] == formats["gate"] and formats["gated"] == Fixed(8)


@CONFIGS
def test_pairs_that_are_turned_have_one_step(config: DecoderConfig) -> None:
    quantized = quantize(
        tiny_decoder(config), layer_table().quantization, QuantConfig(scale_group=32)
    )
    for name, heads in (("q_rotated", config.heads), ("k_rotated", config.kv_heads)):
        plan = quantized.plans[name]
        assert isinstance(plan, RotaryPlan)
        steps = np.asarray(quantized.scales(name, 1)).reshape(heads, 2, -1)
        assert (steps[:, 0] == steps[:, 1]).all()
        before = quantized.scales(quantized.graph.node(name).inputs[0], 1)
        ratio = 2.0 ** (plan.source.frac - plan.out.frac)
        np.testing.assert_allclose(np.asarray(before) * ratio, steps.reshape(-1))


def test_named_shapes_are_quantized_without_their_weights() -> None:
    """Nothing of a random model is made before it is asked for, and the same again then."""
    model = load("qwen2.5-0.5b")
    asked: list[tuple[str, int]] = []
    kind = type(model.weights)

    class Watched(kind):  # type: ignore[misc, valid-type]
        def head(self, name: str, rows: int) -> np.ndarray:
            asked.append((name, rows))
            return kind.head(self, name, rows)

        def blocks(self, name: str) -> Iterator[np.ndarray]:
            asked.append((name, self.rows(name)))
            return kind.blocks(self, name)

    watched = Watched(model.graph, additions=48)
    quantized = quantize(replace(model, weights=watched), layer_table().quantization, QuantConfig())
    big = {name for name, rows in asked if rows * 64 > 1 << 20 and ".0." not in name}
    assert big == set()
    again_quantized = quantize(
        replace(model, weights=watched), layer_table().quantization, QuantConfig()
    )
    asked.clear()
    found = [each.parameters("k", 17) for each in (quantized, again_quantized)]
    projection = "model.layers.17.self_attn.k_proj"
    assert [name for name, _ in asked] == 2 * [f"{projection}.bias", f"{projection}.weight"]
    first, again = found
    assert isinstance(first, LinearParameters) and isinstance(again, LinearParameters)
    assert first.weight.shape == (128, 896) and np.abs(first.weight.astype(int)).max() >= 7
    assert (first.weight == again.weight).all()
    norm = quantized.parameters("norm_2", 3)
    assert isinstance(norm, NormParameters) and norm.beta is None
    assert quantized.parameters("residual_1", 3) is None and quantized.parameters("k") is None
