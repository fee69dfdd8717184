# SPDX-License-Identifier: Apache-2.0
"""Held-out losses keep their bounds; a small sample here, the whole by ``evaluate``."""

import pytest

from streamhw.compiler.layers.table import layer_table
from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.reference.evaluate import Losses, evaluate

MODEL = load("gpt2-shakespeare")
RULES = (layer_table().quantization, layer_table().reference)


def test_losses_of_the_trained_model_keep_their_bounds() -> None:
    seen: list[tuple[str, float]] = []
    result = evaluate(
        MODEL, *RULES, count=32, progress=lambda what, done: seen.append((what, done))
    )
    assert (result.model, result.windows, result.tokens) == ("gpt2-shakespeare", 32, 32 * 128)
    w8, w4 = result.results
    assert (w8.name, w4.name) == ("W8A8", "W4A8")
    assert (w8.quantization_bound, w4.quantization_bound) == (0.003, 0.02)
    for losses in result.results:
        assert losses.real == pytest.approx(2.57, rel=0.05)
        assert losses.within_bounds, losses
    assert w8.fake < w4.fake
    assert seen[-1] == ("W4A8 in integers", 1.0)


def test_figures() -> None:
    losses = Losses(name="W8A8", real=2.0, fake=2.002, integer=2.012, quantization_bound=0.003)
    assert losses.quantization == pytest.approx(0.001)
    assert losses.total == pytest.approx(0.006)
    assert losses.implementation == pytest.approx(0.01, rel=0.01)
    assert not losses.within_bounds


def test_models_without_text_are_refused() -> None:
    with pytest.raises(
        UserError, match=r"^gpt2: a tokenizer and held-out text must be there to measure on$"
    ):
        evaluate(load("gpt2"), *RULES)
    with pytest.raises(UserError, match=r"^Text must have 2 tokens or more, not 1$"):
        evaluate(MODEL, *RULES, text="a")
