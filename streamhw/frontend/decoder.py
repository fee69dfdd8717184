# SPDX-License-Identifier: Apache-2.0
"""Decoders with RMS norms, rotary embeddings and gated layers: Llama, Qwen, Gemma."""

from dataclasses import dataclass

from ..errors import UserError
from ..graph import (
    Activation,
    Add,
    Angles,
    ArgMax,
    Attention,
    Gather,
    Graph,
    Input,
    LastToken,
    Linear,
    Multiply,
    Node,
    RmsNorm,
    RolledLoop,
    Rotary,
)
from .config_values import Values, function_of, integers, require

__all__ = ["DECODER", "DecoderConfig", "DecoderFamily", "decoder_graph"]


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """The numbers of a decoder of the Llama family.

    context: positions that hardware is built for, at most what the model was trained on
    bases: of the rotary angles, taken by the layers in turn
    projection_bias: whether queries, keys and values have a bias (Qwen)
    head_norms: whether queries and keys are normalized head by head (Gemma)
    outer_norms: whether what a block adds is normalized, too (Gemma)
    embedding_scale: factor of the embedding that the tied head does not have (Gemma)

    Raises ``ValueError`` if a size is not positive or the key/value heads do not divide the heads.
    """

    layers: int
    features: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context: int
    function: str = "silu"
    epsilon: float = 1e-6
    bases: tuple[float, ...] = (10_000.0,)
    tied: bool = True
    projection_bias: bool = False
    head_norms: bool = False
    outer_norms: bool = False
    embedding_scale: float = 1.0

    def __post_init__(self) -> None:
        sizes = ("layers", "features", "hidden", "heads", "kv_heads", "head_dim", "context")
        for name in (*sizes, "vocabulary"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        if self.heads % self.kv_heads:
            raise ValueError(f"kv_heads must divide heads, not {self.kv_heads} | {self.heads}")

    @classmethod
    def from_json(cls, values: Values, source: str) -> "DecoderConfig":
        """Reads the config.json of a Llama or Qwen 2; raises ``UserError`` that names ``source``
        for scaled rotary angles, sliding windows, and biases that the graph does not have."""
        names = ("num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads",
                 "vocab_size", "max_position_embeddings")  # fmt: skip
        layers, features, hidden, heads, vocabulary, context = integers(values, names, source)
        angles: Values = values.get("rope_parameters") or {}
        require(angles, {"rope_type": "default"}, source)
        require(
            values,
            {
                "attention_bias": False,
                "mlp_bias": False,
                "rope_scaling": None,
                "use_sliding_window": False,
            },
            source,
        )
        try:
            return cls(
                layers=layers,
                features=features,
                hidden=hidden,
                heads=heads,
                kv_heads=values.get("num_key_value_heads") or heads,
                head_dim=values.get("head_dim") or features // heads,
                vocabulary=vocabulary,
                context=context,
                function=function_of(values, "hidden_act", "silu", source),
                epsilon=values.get("rms_norm_eps", 1e-6),
                bases=(float(angles.get("rope_theta") or values.get("rope_theta") or 10_000),),
                tied=values.get("tie_word_embeddings", False),
                projection_bias=values.get("model_type") == "qwen2",
            )
        except ValueError as error:
            raise UserError(f"{source}: {error}") from None


def decoder_graph(name: str, config: DecoderConfig) -> Graph:
    """The graph of a decoder that predicts the next token greedily; parameters have Hugging
    Face's names."""
    table = "model.embed_tokens.weight"
    head = Linear(
        inputs=config.features,
        outputs=config.vocabulary,
        weight=table if config.tied else "lm_head.weight",
    )
    return Graph(
        name=name,
        context=config.context,
        vocabulary=config.vocabulary,
        nodes=(
            Node("tokens", Input(role="tokens")),
            Node("positions", Input(role="positions")),
            Node(
                "embedding",
                Gather(
                    table=table,
                    rows=config.vocabulary,
                    features=config.features,
                    scale=config.embedding_scale,
                ),
                ("tokens",),
            ),
            RolledLoop(
                name="blocks",
                trips=config.layers,
                source="embedding",
                carried="x",
                body=(*_attention(config), *_gated(config)),
                result="residual_2",
            ),
            Node("last", LastToken(), ("blocks",)),
            Node("norm_final", _norm(config, "model.norm"), ("last",)),
            Node("logits", head, ("norm_final",)),
            Node("next_token", ArgMax(classes=config.vocabulary), ("logits",)),
        ),
    )


_BLOCK = "model.layers.{layer}"


def _norm(config: DecoderConfig, prefix: str) -> RmsNorm:
    return RmsNorm(features=config.features, epsilon=config.epsilon, weight=f"{prefix}.weight")


def _attention(config: DecoderConfig) -> tuple[Node, ...]:
    """Attention and what it adds to ``x``."""
    d, size = config.features, config.head_dim
    counts = {"q": config.heads, "k": config.kv_heads, "v": config.kv_heads}
    nodes = [
        Node("norm_1", _norm(config, f"{_BLOCK}.input_layernorm"), ("x",)),
        Node("angles", Angles(features=size, bases=config.bases), ("positions",)),
    ]
    ready = {}
    for role, heads in counts.items():
        prefix = f"{_BLOCK}.self_attn.{role}_proj"
        linear = Linear(
            inputs=d,
            outputs=heads * size,
            weight=f"{prefix}.weight",
            bias=f"{prefix}.bias" if config.projection_bias else None,
        )
        nodes.append(Node(role, linear, ("norm_1",)))
        ready[role] = role
        if role == "v":
            continue
        if config.head_norms:
            norm = RmsNorm(
                features=size,
                heads=heads,
                epsilon=config.epsilon,
                weight=f"{_BLOCK}.self_attn.{role}_norm.weight",
            )
            nodes.append(Node(f"{role}_norm", norm, (role,)))
            ready[role] = f"{role}_norm"
        turn = Rotary(heads=heads, head_dim=size)
        nodes.append(Node(f"{role}_turned", turn, (ready[role], "angles")))
        ready[role] = f"{role}_turned"
    attention = Attention(heads=config.heads, kv_heads=config.kv_heads, head_dim=size)
    out = Linear(inputs=config.heads * size, outputs=d, weight=f"{_BLOCK}.self_attn.o_proj.weight")
    nodes += [
        Node("attention", attention, tuple(ready.values())),
        Node("attention_out", out, ("attention",)),
    ]
    added = "attention_out"
    if config.outer_norms:
        after = _norm(config, f"{_BLOCK}.post_attention_layernorm")
        nodes.append(Node("attention_norm", after, (added,)))
        added = "attention_norm"
    return (*nodes, Node("residual_1", Add(), ("x", added)))


def _gated(config: DecoderConfig) -> tuple[Node, ...]:
    """The gated layer and what it adds to ``residual_1``."""
    d, hidden = config.features, config.hidden
    # With norms on both sides, the one before the gated layer has a name of its own.
    before = "pre_feedforward" if config.outer_norms else "post_attention"

    def linear(name: str, inputs: int, outputs: int) -> Linear:
        return Linear(inputs=inputs, outputs=outputs, weight=f"{_BLOCK}.mlp.{name}_proj.weight")

    nodes = [
        Node("norm_2", _norm(config, f"{_BLOCK}.{before}_layernorm"), ("residual_1",)),
        Node("gate", linear("gate", d, hidden), ("norm_2",)),
        Node("activation", Activation(function=config.function), ("gate",)),
        Node("up", linear("up", d, hidden), ("norm_2",)),
        Node("gated", Multiply(), ("up", "activation")),
        Node("mlp_out", linear("down", hidden, d), ("gated",)),
    ]
    added = "mlp_out"
    if config.outer_norms:
        after = _norm(config, f"{_BLOCK}.post_feedforward_layernorm")
        nodes.append(Node("mlp_norm", after, (added,)))
        added = "mlp_norm"
    return (*nodes, Node("residual_2", Add(), ("residual_1", added)))


class DecoderFamily:
    """Llama and Qwen 2 as Hugging Face writes them; the graph's names are theirs."""

    model_types = ("llama", "qwen2")

    def read_config(self, values: Values, source: str) -> DecoderConfig:
        return DecoderConfig.from_json(values, source)

    def graph(self, name: str, config: DecoderConfig) -> Graph:
        return decoder_graph(name, config)

    def stored_names(self, parameter: str) -> tuple[str, ...]:
        return (parameter,)


DECODER = DecoderFamily()
