# SPDX-License-Identifier: Apache-2.0
"""The GPT-2 architecture as a layer graph, and the shapes that its config.json describes."""

from dataclasses import dataclass

from ..errors import UserError
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
from .config_values import Values, function_of, integers, require

__all__ = ["GPT2", "Gpt2Config", "Gpt2Family", "gpt2_graph"]


@dataclass(frozen=True, kw_only=True)
class Gpt2Config:
    """The numbers of a GPT-2: sizes, activation function, norm epsilon.

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

    def __post_init__(self) -> None:
        for name in ("layers", "features", "heads", "vocabulary", "context", "hidden"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        if self.features % self.heads:
            raise ValueError(f"heads must divide features, not {self.heads} | {self.features}")

    @classmethod
    def from_json(cls, values: Values, source: str) -> "Gpt2Config":
        """Reads Hugging Face's config.json; raises ``UserError`` that names ``source``."""
        function = function_of(values, "activation_function", "gelu_new", source)
        require(
            values,
            {
                "scale_attn_weights": True,
                "scale_attn_by_inverse_layer_idx": False,
                "add_cross_attention": False,
            },
            source,
        )
        names = ("n_layer", "n_embd", "n_head", "vocab_size", "n_positions")
        layers, features, heads, vocabulary, context = integers(values, names, source)
        try:
            return cls(
                layers=layers,
                features=features,
                heads=heads,
                vocabulary=vocabulary,
                context=context,
                hidden=values.get("n_inner") or 4 * features,
                function=function,
                epsilon=values.get("layer_norm_epsilon", 1e-5),
                tied=values.get("tie_word_embeddings", True),
            )
        except ValueError as error:
            raise UserError(f"{source}: {error}") from None


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


class Gpt2Family:
    """GPT-2 as Hugging Face writes it, with or without its prefix of tensor names."""

    model_types = ("gpt2",)

    def read_config(self, values: Values, source: str) -> Gpt2Config:
        return Gpt2Config.from_json(values, source)

    def graph(self, name: str, config: Gpt2Config) -> Graph:
        return gpt2_graph(name, config)

    def stored_names(self, parameter: str) -> tuple[str, ...]:
        return (f"transformer.{parameter}", parameter)


GPT2 = Gpt2Family()
