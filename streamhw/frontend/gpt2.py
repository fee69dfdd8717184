# SPDX-License-Identifier: Apache-2.0
"""The GPT-2 architecture as a layer graph, and the shapes that its config.json describes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..graph import (
    Activation,
    Add,
    ArgMax,
    Attention,
    Chunk,
    Gather,
    Graph,
    Input,
    LastToken,
    LayerNorm,
    Linear,
    Node,
    RolledLoop,
)
from .reading.config_reader import ConfigReader, Values
from .reading.stored_tensor import ChangedTensor, StoredTensor, StoredTensors, ZeroTensor
from .tied_head import without_tied_head

__all__ = ["GPT2", "Gpt2Config", "Gpt2Family", "gpt2_graph"]


@dataclass(frozen=True, kw_only=True)
class Gpt2Config:
    """The numbers of a GPT-2: sizes, activation function, norm epsilon.

    scaled: whether scores are divided by the root of the head dimension; scaled_by_layer: whether
        they are divided by the number of the layer, counted from 1

    Raises ``ValueError`` if a size is not positive or the heads do not divide the features.
    """

    layers: int
    features: int
    heads: int
    vocabulary: int
    context: int
    hidden: int
    function: str = "gelu_tanh"
    epsilon: float = 1e-5
    tied: bool = True
    scaled: bool = True
    scaled_by_layer: bool = False

    def __post_init__(self) -> None:
        for name in ("layers", "features", "heads", "vocabulary", "context", "hidden"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        if self.features % self.heads:
            raise ValueError(f"heads must divide features, not {self.heads} | {self.features}")

    def query_scale(self, layer: int) -> float:
        """Factor that queries need where scores are not divided as everywhere."""
        scale = 1.0 if self.scaled else (self.features / self.heads) ** 0.5
        return scale / (layer + 1) if self.scaled_by_layer else scale


def gpt2_graph(name: str, config: Gpt2Config) -> Graph:
    """The graph of a GPT-2 that predicts the next token greedily."""
    d = config.features

    def norm(prefix: str) -> LayerNorm:
        return LayerNorm(
            features=d, epsilon=config.epsilon, weight=f"{prefix}.weight", bias=f"{prefix}.bias"
        )

    def linear(prefix: str, inputs: int, outputs: int) -> Linear:
        return Linear(
            inputs=inputs,
            outputs=outputs,
            weight=f"{prefix}.weight",
            bias=f"{prefix}.bias",
            transposed=True,
        )

    attention = Attention(
        heads=config.heads, kv_heads=config.heads, head_dim=d // config.heads, causal=True
    )
    block = "h.{layer}"
    body = (
        Node("norm_1", norm(f"{block}.ln_1"), ("x",)),
        Node("qkv", linear(f"{block}.attn.c_attn", d, 3 * d), ("norm_1",)),
        Node("q", Chunk(index=0, parts=3), ("qkv",)),
        Node("k", Chunk(index=1, parts=3), ("qkv",)),
        Node("v", Chunk(index=2, parts=3), ("qkv",)),
        Node("attention", attention, ("q", "k", "v")),
        Node("attention_out", linear(f"{block}.attn.c_proj", d, d), ("attention",)),
        Node("residual_1", Add(), ("x", "attention_out")),
        Node("norm_2", norm(f"{block}.ln_2"), ("residual_1",)),
        Node("hidden", linear(f"{block}.mlp.c_fc", d, config.hidden), ("norm_2",)),
        Node("activation", Activation(function=config.function), ("hidden",)),
        Node("mlp_out", linear(f"{block}.mlp.c_proj", config.hidden, d), ("activation",)),
        Node("residual_2", Add(), ("residual_1", "mlp_out")),
    )
    head = Linear(
        inputs=d,
        outputs=config.vocabulary,
        weight="wte.weight" if config.tied else "lm_head.weight",
    )
    return Graph(
        name=name,
        context=config.context,
        vocabulary=config.vocabulary,
        nodes=(
            Node("tokens", Input(role="tokens")),
            Node("positions", Input(role="positions")),
            Node(
                "token_embedding",
                Gather(table="wte.weight", rows=config.vocabulary, features=d),
                ("tokens",),
            ),
            Node(
                "position_embedding",
                Gather(table="wpe.weight", rows=config.context, features=d),
                ("positions",),
            ),
            Node("embedding", Add(), ("token_embedding", "position_embedding")),
            RolledLoop(
                name="blocks",
                trips=config.layers,
                source="embedding",
                carried="x",
                body=body,
                result="residual_2",
            ),
            Node("last", LastToken(), ("blocks",)),
            Node("norm_final", norm("ln_f"), ("last",)),
            Node("logits", head, ("norm_final",)),
            Node("next_token", ArgMax(classes=config.vocabulary), ("logits",)),
        ),
    )


_DEFAULTS: Values = {
    "vocab_size": 50_257,
    "n_positions": 1024,
    "n_embd": 768,
    "n_layer": 12,
    "n_head": 12,
    "n_inner": None,
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
    "tie_word_embeddings": True,
    "bos_token_id": 50_256,
    "eos_token_id": 50_256,
}
"""What Hugging Face takes for keys that config.json leaves out."""
_ALIASES = {
    "hidden_size": "n_embd",
    "max_position_embeddings": "n_positions",
    "num_attention_heads": "n_head",
    "num_hidden_layers": "n_layer",
}
"""Names that Hugging Face takes as well."""
_MATRICES = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")
_MASKS = (".attn.bias", ".attn.masked_bias")
"""Constants that files of before 2023 hold."""


class Gpt2Family:
    """GPT-2 in every size, and nanoGPT's: matrices of either layout, with or without biases."""

    model_types = ("gpt2",)
    defaults = _DEFAULTS

    def read_config(self, values: Values, source: str) -> Gpt2Config:
        given = {_ALIASES.get(key, key): value for key, value in values.items()}
        reader = ConfigReader(given, source, _DEFAULTS)
        reader.require(add_cross_attention=False)
        features, heads = reader.integer("n_embd"), reader.integer("n_head")
        if features % heads:
            reader.refuse("n_embd", f"a multiple of n_head ({heads})")
        return Gpt2Config(
            layers=reader.integer("n_layer", most=10_000),
            features=features,
            heads=heads,
            vocabulary=reader.integer("vocab_size"),
            context=reader.integer("n_positions"),
            hidden=reader.optional("n_inner") or 4 * features,
            function=reader.function("activation_function"),
            epsilon=reader.number("layer_norm_epsilon"),
            tied=reader.switch("tie_word_embeddings"),
            scaled=reader.switch("scale_attn_weights"),
            scaled_by_layer=reader.switch("scale_attn_by_inverse_layer_idx"),
        )

    def graph(self, name: str, config: Gpt2Config) -> Graph:
        return gpt2_graph(name, config)

    def tensors(self, config: Gpt2Config, stored: StoredTensors, source: str) -> StoredTensors:
        found = {
            name.removeprefix("transformer."): tensor
            for name, tensor in stored.items()
            if not name.endswith(_MASKS)
        }
        if config.tied:
            found = dict(without_tied_head(found, "lm_head.weight", "wte.weight", source))
        # nanoGPT leaves biases out where they are zero.
        if not any(name.endswith(".bias") for name in found):
            names = self.graph("names", config).parameters()
            found.update({p.name: ZeroTensor(p.shape) for p in names if p.name.endswith(".bias")})
        if (first := found.get("h.0.attn.c_attn.weight")) is not None:
            # nanoGPT has Linear, which stores [outputs, inputs], where Hugging Face has Conv1D.
            transposed = first.shape == (3 * config.features, config.features)
            for name in [name for name in found if transposed and name.endswith(_MATRICES)]:
                found[name] = ChangedTensor(found[name], np.transpose, found[name].shape[::-1])
        for layer in range(config.layers):
            factor = config.query_scale(layer)
            for end in ("weight", "bias") if factor != 1 else ():
                name = f"h.{layer}.attn.c_attn.{end}"
                if name in found:
                    found[name] = _with_queries(found[name], config.features, factor)
        return found

    def notes(self, name: str, config: Gpt2Config) -> tuple[str, ...]:
        return ()


def _with_queries(tensor: StoredTensor, features: int, factor: float) -> StoredTensor:
    """Queries, keys and values with the queries times a factor."""

    def change(values: NDArray[np.float32]) -> NDArray[np.float32]:
        changed = values.copy()
        changed[..., :features] *= np.float32(factor)
        return changed

    return ChangedTensor(tensor, change, tensor.shape)


GPT2 = Gpt2Family()
