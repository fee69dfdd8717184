# SPDX-License-Identifier: Apache-2.0
"""Held-out losses keep their bounds; a small sample here, the whole by ``evaluate``."""

from dataclasses import replace

import numpy as np
import pytest

from streamhw.api.evaluate import quantize_on
from streamhw.boards.base import load_board
from streamhw.compiler.layers.table import layer_table
from streamhw.frontend import load
from streamhw.frontend.decoder import decoder_graph
from streamhw.frontend.decoder_config import DecoderConfig
from streamhw.frontend.model import Model, Origin
from streamhw.frontend.weights import RandomWeights
from streamhw.quantization.config import QuantConfig
from streamhw.reference.evaluate import Losses, Sample, _loss, evaluate, name_of, token_bytes

MODEL = load("gpt2-shakespeare")
W8, W4 = QuantConfig(weight_bits=8), QuantConfig(weight_bits=4)


def test_losses_of_the_trained_model_keep_their_bounds() -> None:
    seen: list[tuple[str, float]] = []
    assert MODEL.tokenizer is not None and MODEL.heldout is not None
    ids = np.array(MODEL.tokenizer.encode(MODEL.heldout), dtype=np.int64)
    result = evaluate(
        MODEL,
        quantize_on(load_board("sim"), MODEL),
        layer_table().reference,
        (W8, W4),
        Sample(windows=32).rows(MODEL, ids),
        progress=lambda what, done: seen.append((what, done)),
    )
    assert (result.model, result.windows, result.tokens) == ("gpt2-shakespeare", 32, 32 * 128)
    w8, w4 = result.results
    assert (w8.name, w4.name) == ("W8A8", "W4A8")
    assert (w8.quantization_bound, w4.quantization_bound) == (0.003, 0.02)
    for losses in result.results:
        assert losses.real == result.real == pytest.approx(2.57, rel=0.05)
        assert losses.within_bounds, losses
    assert w8.fake < w4.fake
    assert 0.8 < w4.fake_agreement < w8.fake_agreement < 1
    assert 0.8 < w4.integer_agreement < w8.integer_agreement < 1
    assert 1.7 < w8.token_bytes / w4.token_bytes < 2
    assert seen[-1] == ("W4A8 in integers", 1.0)
    for name in ("W8A8", "W4A8"):  # half a minute for a model of half a gigabyte
        told = [done for what, done in seen if what == f"{name}: calibration"]
        assert told[0] == 0 and told[-1] == 1 and told == sorted(told) and len(told) > 3


def test_shapes_that_a_build_pads() -> None:
    """A width that no engine and no group of 64 divides, and a model without text."""
    config = DecoderConfig(layers=1, features=20, hidden=22, heads=3, kv_heads=1, head_dim=10,
                           vocabulary=7, context=8, head_norms=True)  # fmt: skip
    graph = decoder_graph("odd", config)
    model = Model(
        name="odd",
        graph=graph,
        config=config,
        weights=RandomWeights(graph, additions=4),
        origin=Origin.RANDOM,
    )
    rows = Sample(windows=2).rows(model, np.arange(40) % 7)
    assert rows.shape == (2, 8)
    made = quantize_on(load_board("sim"), model)
    found = evaluate(model, made, layer_table().reference, (W8, W4), rows)
    for losses in found.results:
        assert losses.fake == pytest.approx(found.real, rel=0.1)
        assert abs(losses.implementation) < 0.05


def test_figures() -> None:
    losses = Losses(name="W8A8", real=2.0, fake=2.002, integer=2.012, quantization_bound=0.003)
    assert losses.quantization == pytest.approx(0.001)
    assert losses.total == pytest.approx(0.006)
    assert losses.implementation == pytest.approx(0.01, rel=0.01)
    assert not losses.within_bounds
    free = Losses(name="ternary", real=2.0, fake=9.0, integer=9.0, quantization_bound=None)
    assert free.within_bounds
    one_word = Losses(name="W8A8", real=0.0, fake=0.0, integer=0.0, quantization_bound=0.003)
    assert one_word.within_bounds and one_word.total == 0


def test_names_and_bytes() -> None:
    mixed = QuantConfig(weight_bits=4, head_bits=8)
    assert [name_of(c) for c in (W4, mixed)] == ["W4A8", "W4A8, head W8"]
    made = quantize_on(load_board("sim"), MODEL)
    quick = (replace(config, compensate=False) for config in (W4, mixed))
    few, more = (token_bytes(made(config)[1]) for config in quick)
    graph = MODEL.graph
    head = graph.shapes[graph.node(graph.result).inputs[0]][-1]
    assert isinstance(head, int)
    features = graph.shapes[graph.loops[0].name][-1]
    assert isinstance(features, int)
    assert more - few == head * (features // 2 - features // 64)


def test_losses_of_many_rows_are_summed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(3, 5, 11)).astype(np.float32)
    tokens = random.integers(0, 11, (3, 5))
    whole, best = _loss(logits, tokens)
    monkeypatch.setattr("streamhw.reference.evaluate._LOSS_LOGITS", 25)
    parts, again = _loss(logits, tokens)
    assert parts == pytest.approx(whole) and (best == again).all()
    shares = np.exp(logits[:, :-1]) / np.exp(logits[:, :-1]).sum(-1, keepdims=True)
    nats = -np.log(np.take_along_axis(shares, tokens[:, 1:, None], -1)).sum()
    assert whole == pytest.approx(float(nats), rel=1e-5)


def test_windows_of_a_sample() -> None:
    ids = np.arange(1000) % 60
    assert Sample().rows(MODEL, ids).shape == (7, 128)
    assert Sample(length=5000).rows(MODEL, ids).shape == (7, 128)
    assert Sample(windows=3, length=10).rows(MODEL, ids).shape == (3, 10)
    assert Sample(length=100).rows(MODEL, ids[:30]).shape == (1, 30)
