# SPDX-License-Identifier: Apache-2.0
"""Graphs of decoders of the Llama family: text form, and the float reference against plain
numpy, row by row."""

import re
from dataclasses import replace

import numpy as np
import pytest

from streamhw.frontend import load
from streamhw.frontend.decoder import decoder_graph
from streamhw.frontend.decoder_config import DecoderConfig
from streamhw.graph import RolledLoop, Scaling, parse_graph, print_graph
from streamhw.graph.float_reference import forward
from tests.tiny import TINY_BIASED, TINY_GEMMA, TINY_LLAMA, TINY_QWEN, TINY_QWEN3, tiny_decoder

SHAPES = {
    "qwen2.5-0.5b": (24, 896, 4864, 14, 2),
    "tinyllama-1.1b": (22, 2048, 5632, 32, 4),
    "gemma3-1b": (26, 1152, 6912, 4, 1),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_stay_rolled_and_print(name: str) -> None:
    model = load(name)
    config = model.config
    assert isinstance(config, DecoderConfig)
    found = (config.layers, config.features, config.hidden, config.heads, config.kv_heads)
    assert found == SHAPES[name]
    loops = [node for node in model.graph.nodes if isinstance(node, RolledLoop)]
    assert len(loops) == 1 and loops[0].trips == config.layers
    assert parse_graph(print_graph(model.graph)) == model.graph


def attend(config: DecoderConfig, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """One head after another, one row after another."""
    n, size = len(q), config.head_dim
    out = np.zeros((n, config.heads * size))
    for head in range(config.heads):
        mine = slice(head * size, (head + 1) * size)
        shared = head // (config.heads // config.kv_heads)
        other = slice(shared * size, (shared + 1) * size)
        for t in range(n):
            scores = k[: t + 1, other] @ q[t, mine] / np.sqrt(size)
            weights = np.exp(scores - scores.max())
            out[t, mine] = weights / weights.sum() @ v[: t + 1, other]
    return out


def scaled(frequency: float, scaling: Scaling | None) -> float:
    """As the Llama 3 paper's code: by the wavelength, a pair at a time."""
    if scaling is None:
        return frequency
    factor, shortest, longest, *_ = scaling
    wavelength = 2 * np.pi / frequency
    if wavelength >= longest:
        return frequency / factor
    if wavelength <= shortest:
        return frequency
    kept = (longest / wavelength - 1) / (longest / shortest - 1)
    return (1 - kept) * frequency / factor + kept * frequency


def rotate(x: np.ndarray, size: int, base: float, scaling: Scaling | None) -> np.ndarray:
    """Pairs as complex numbers."""
    half = size // 2
    heads = x.reshape(len(x), -1, 2, half)
    numbers = heads[:, :, 0] + 1j * heads[:, :, 1]
    frequencies = [scaled(base ** (-2 * i / size), scaling) for i in range(half)]
    turns = np.outer(np.arange(len(x)), frequencies)
    numbers = numbers * np.exp(1j * turns)[:, None]
    return np.stack([numbers.real, numbers.imag], axis=2).reshape(x.shape)


@pytest.mark.parametrize("config", [TINY_LLAMA, TINY_QWEN, TINY_QWEN3, TINY_GEMMA, TINY_BIASED])
def test_reference_is_the_formula(config: DecoderConfig) -> None:
    model = tiny_decoder(config)
    w = model.weights
    tokens = np.arange(3, 15)

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        mean = (x * x).mean(axis=-1, keepdims=True)
        return x / np.sqrt(mean + config.epsilon) * w[f"{name}.weight"]

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", 0)

    def gate(x: np.ndarray) -> np.ndarray:
        if config.function == "silu":
            return x / (1 + np.exp(-x))
        return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    x = w["model.embed_tokens.weight"][tokens] * config.embedding_scale
    for layer in range(config.layers):
        block = f"model.layers.{layer}"
        ready = norm(x, f"{block}.input_layernorm")
        q, k, v = (linear(ready, f"{block}.self_attn.{r}_proj") for r in "qkv")
        if config.head_norms:
            q, k = (
                norm(y.reshape(len(y), -1, config.head_dim), f"{block}.self_attn.{r}_norm").reshape(
                    y.shape
                )
                for r, y in (("q", q), ("k", k))
            )
        base = config.bases[layer % len(config.bases)]
        scaling = config.scalings[layer % len(config.scalings)] if config.scalings else None
        q, k = (rotate(x, config.head_dim, base, scaling) for x in (q, k))
        added = linear(attend(config, q, k, v), f"{block}.self_attn.o_proj")
        after = f"{block}.post_attention_layernorm"
        x = x + (norm(added, after) if config.outer_norms else added)
        before = f"{block}.pre_feedforward_layernorm" if config.outer_norms else after
        ready = norm(x, before)
        gated = gate(linear(ready, f"{block}.mlp.gate_proj")) * linear(
            ready, f"{block}.mlp.up_proj"
        )
        added = linear(gated, f"{block}.mlp.down_proj")
        x = x + (
            norm(added, f"{block}.post_feedforward_layernorm") if config.outer_norms else added
        )
    exact = norm(x, "model.norm") @ w["lm_head.weight"].T
    found = forward(model.graph, w, tokens, all_rows=True)["logits"]
    np.testing.assert_allclose(found, exact, atol=1e-3 * np.abs(exact).max())


def test_tied_head_reads_the_table_unscaled() -> None:
    config = replace(TINY_GEMMA, tied=True)
    names = [p.name for p in decoder_graph("g", config).parameters()]
    assert "lm_head.weight" not in names and names.count("model.embed_tokens.weight") == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kv_heads": 3}, "kv_heads must divide heads, not 3 | 4"),
        ({"hidden": 0}, "hidden must be positive, not 0"),
    ],
)
def test_configurations_are_checked(changes: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        replace(TINY_LLAMA, **changes)
