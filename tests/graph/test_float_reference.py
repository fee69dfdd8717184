# SPDX-License-Identifier: Apache-2.0
"""The float reference: causality, sharing of key/value heads, functions, the trained loss."""

import numpy as np
import pytest
from scipy.special import erf

from streamhw.frontend import load
from streamhw.graph import Attention
from streamhw.graph.float_reference import forward
from streamhw.numerics.functions import BUILT_IN

MODEL = load("gpt2-shakespeare")


def test_later_tokens_do_not_change_earlier_values() -> None:
    tokens = np.arange(1, 25).reshape(2, 12)
    changed = tokens.copy()
    changed[:, 7:] = 3
    one, two = (
        forward(MODEL.graph, MODEL.weights, t, all_rows=True)["logits"] for t in (tokens, changed)
    )
    np.testing.assert_allclose(one[:, :7], two[:, :7], atol=1e-4)
    assert np.abs(one[:, 7:] - two[:, 7:]).max() > 1


def test_only_the_last_row_goes_through_the_head() -> None:
    tokens = np.arange(9)
    last = forward(MODEL.graph, MODEL.weights, tokens)
    every = forward(MODEL.graph, MODEL.weights, tokens, all_rows=True)
    assert last["logits"].shape == (1, 512) and every["logits"].shape == (9, 512)
    np.testing.assert_allclose(last["logits"][0], every["logits"][-1], atol=1e-4)
    assert last["next_token"][0] == every["logits"][-1].argmax()


@pytest.mark.parametrize("layer", [None, 0, 1, 2])
def test_attention_against_a_loop(layer: int | None) -> None:
    random = np.random.default_rng(0)
    windows: tuple[int | None, ...] = (None, 2) if layer is not None else ()
    op = Attention(heads=4, kv_heads=2, head_dim=3, windows=windows)
    q = random.normal(size=(5, 12)).astype(np.float32)
    k, v = (random.normal(size=(5, 6)).astype(np.float32) for _ in range(2))
    result = op.evaluate((q, k, v), {}.__getitem__, layer)
    for t in range(5):
        seen = slice(max(0, t - 1) if layer == 1 else 0, t + 1)
        for head in range(4):
            part = slice(3 * (head // 2), 3 * (head // 2) + 3)
            scores = k[seen, part] @ q[t, 3 * head : 3 * head + 3] / np.sqrt(3)
            weights = np.exp(scores) / np.exp(scores).sum()
            expected = weights @ v[seen, part]
            np.testing.assert_allclose(result[t, 3 * head : 3 * head + 3], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("gelu_tanh", lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
        ("gelu_erf", lambda x: x / 2 * (1 + erf(x / np.sqrt(2)))),
        ("silu", lambda x: x / (1 + np.exp(-x))),
        ("relu", lambda x: np.maximum(x, 0)),
    ],
)
def test_functions(name: str, exact) -> None:
    x = np.linspace(-9, 9, 1001)
    np.testing.assert_allclose(BUILT_IN[name].single(x.astype(np.float32)), exact(x), atol=2e-6)


def test_loss_of_the_trained_model() -> None:
    """2.568 nats a token was measured after training on the whole text with other windows."""
    tokens = np.array(MODEL.tokenizer.encode(MODEL.heldout))
    rows = tokens[: len(tokens) // 128 * 128].reshape(-1, 128)[::25]
    logits = forward(MODEL.graph, MODEL.weights, rows, all_rows=True)["logits"][:, :-1]
    logits = logits - logits.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(logits, rows[:, 1:, None], axis=-1)[..., 0]
    loss = float((np.log(np.exp(logits).sum(axis=-1)) - chosen).mean())
    assert loss == pytest.approx(2.568, rel=0.02)
