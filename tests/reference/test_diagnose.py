# SPDX-License-Identifier: Apache-2.0
"""Errors of streams are those of each execution, and planted faults are where they were planted."""

import numpy as np
import pytest

from streamhw.api.evaluate import quantize_on
from streamhw.boards.base import load_board
from streamhw.compiler.layers.table import layer_table
from streamhw.frontend import load
from streamhw.frontend.decoder_config import DecoderConfig
from streamhw.frontend.model import Model
from streamhw.graph import Floats
from streamhw.quantization.config import QuantConfig
from streamhw.reference.diagnose import (
    Diagnosed,
    StreamHealth,
    diagnose,
    fake_quality,
    values_of_a_token,
)
from tests.planted import planted
from tests.tiny import tiny_decoder, write_tiny

ROWS = np.random.default_rng(3).integers(0, 60, (4, 32))
W8 = QuantConfig(weight_bits=8)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(str(write_tiny(tmp_path_factory.mktemp("models") / "tiny")))


def found_in(model: Model, config: QuantConfig = W8) -> Diagnosed:
    padded, quantized = quantize_on(load_board("sim"), model)(config)
    return diagnose(model, padded, quantized, layer_table().reference, ROWS)


def at(found: Diagnosed, name: str, layer: int | None) -> StreamHealth:
    (stream,) = [s for s in found.streams if (s.name, s.layer) == (name, layer)]
    return stream


def test_errors_grow_and_integers_follow_fake_quantization(model: Model) -> None:
    for config, most in ((W8, 0.06), (QuantConfig(weight_bits=4), 0.3)):
        found = found_in(model, config)
        for stream in found.streams:
            assert 0 <= stream.fake < most and stream.own < most
            assert stream.integer is None or abs(stream.integer - stream.fake) < 0.01
            assert stream.clipped < 0.002
        first, last = found.streams[0], found.streams[-1]
        assert (first.name, last.name, last.weights) == ("token_embedding", "logits", True)
        assert 0 == first.fake < last.fake
        assert abs(found.fake.nats - found.integer.nats) < 0.01
        assert at(found, "qkv", 0).integer is None  # each part has its own scale
        layers = [s.layer for s in found.streams if s.name == "hidden"]
        assert layers == [0, 1]


@pytest.mark.parametrize("layer", [0, 1])
def test_an_outlier_channel_is_named(model: Model, layer: int) -> None:
    def up(value: Floats) -> Floats:
        value[..., 5] *= 100
        return value

    def down(value: Floats) -> Floats:
        value[:, 5] /= 100
        return value

    tensors = {f"h.{layer}.ln_2.weight": up, f"h.{layer}.ln_2.bias": up}
    found = found_in(planted(model, {**tensors, f"h.{layer}.mlp.c_fc.weight": down}))
    worst = max(found.streams, key=lambda s: s.outlier)
    assert (worst.name, worst.layer, worst.channel) == ("norm_2", layer, 5)
    assert worst.outlier > 50


def test_scores_that_saturate_are_named(model: Model) -> None:
    """Scores have the range that calibration saw; one token shows too little of it."""
    larger = planted(model, {"h.1.attn.c_attn.weight": lambda value: value * 30})
    assert not any(stream.scores for stream in found_in(larger).streams)
    found = found_in(larger, QuantConfig(weight_bits=8, tokens=1))
    assert at(found, "attention.scores", 1).clipped > 0.05
    assert "attention.scores" not in {s.name for s in found.streams if s.layer == 0}


def test_streams_that_saturate_are_named(model: Model) -> None:
    """Ranges that were measured on two tokens do not hold for others."""
    found = found_in(model, QuantConfig(weight_bits=8, tokens=2))
    assert at(found, "norm_1", 0).clipped > 0.1 and at(found, "norm_1", 0).own > 0.1
    assert at(found, "residual_1", 0).clipped == 0


def test_features_are_numbered_without_padding() -> None:
    """Rows of 3 heads of 10 channels are padded; what stands out is feature 29 of 30 still."""
    config = DecoderConfig(
        layers=1, features=20, hidden=22, heads=3, kv_heads=3, head_dim=10, vocabulary=60,
        context=32,
    )  # fmt: skip
    model = tiny_decoder(config)
    name = next(n for n in model.weights if "v_proj" in n)

    def up(value: Floats) -> Floats:
        value[29] *= 100
        return value

    found = found_in(planted(model, {name: up}))
    stream = at(found, "v", 0)
    assert stream.channel == 29 and stream.outlier > 10


def test_the_fake_quantization_alone(model: Model) -> None:
    padded, quantized = quantize_on(load_board("sim"), model)(W8)
    found = fake_quality(model, padded, quantized, ROWS[0])
    assert found.tokens == 32 and 0 < found.nats < 0.05
    assert values_of_a_token(model) > 2 * 32 * 10
