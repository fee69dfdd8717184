# SPDX-License-Identifier: Apache-2.0
"""The graph of decoders with RMS norms, rotary embeddings and gated layers."""

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
from .decoder_config import DecoderConfig

__all__ = ["decoder_graph"]


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
    angles = Angles(features=size, bases=config.bases, scalings=config.scalings)
    counts = {"q": config.heads, "k": config.kv_heads, "v": config.kv_heads}
    nodes = [
        Node("norm_1", _norm(config, f"{_BLOCK}.input_layernorm"), ("x",)),
        Node("angles", angles, ("positions",)),
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
        nodes.append(Node(f"{role}_rotated", turn, (ready[role], "angles")))
        ready[role] = f"{role}_rotated"
    attention = Attention(
        heads=config.heads, kv_heads=config.kv_heads, head_dim=size, windows=config.windows
    )
    output = f"{_BLOCK}.self_attn.o_proj"
    out = Linear(
        inputs=config.heads * size,
        outputs=d,
        weight=f"{output}.weight",
        bias=f"{output}.bias" if config.output_bias else None,
    )
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
        prefix = f"{_BLOCK}.mlp.{name}_proj"
        bias = f"{prefix}.bias" if config.gated_bias else None
        return Linear(inputs=inputs, outputs=outputs, weight=f"{prefix}.weight", bias=bias)

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
