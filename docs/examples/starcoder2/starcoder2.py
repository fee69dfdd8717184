# SPDX-License-Identifier: Apache-2.0
"""StarCoder 2 as a model family of another package: layer norms, rotary angles, plain GELU."""

from dataclasses import dataclass

from streamhw.frontend.reading.config_reader import ConfigReader, Values
from streamhw.frontend.reading.stored_tensor import StoredTensors
from streamhw.graph import (
    Activation,
    Add,
    Angles,
    ArgMax,
    Attention,
    Gather,
    Graph,
    Input,
    LastToken,
    LayerNorm,
    Linear,
    Node,
    RolledLoop,
    Rotary,
)


@dataclass(frozen=True, kw_only=True)
class StarCoder2Config:
    """The numbers of a StarCoder 2."""

    layers: int
    features: int
    hidden: int
    heads: int
    kv_heads: int
    vocabulary: int
    context: int
    window: int | None
    function: str
    epsilon: float
    base: float


DEFAULTS = {
    "use_bias": True,
    "tie_word_embeddings": True,
    "sliding_window": None,
    "hidden_act": "gelu_pytorch_tanh",
    "norm_epsilon": 1e-5,
    "rope_theta": 10_000.0,
    "eos_token_id": 50_256,
}
"""What holds for keys that config.json leaves out."""


class StarCoder2:
    """Reads the configuration, builds the graph, names the tensors."""

    model_types = ("starcoder2",)
    defaults = DEFAULTS

    def read_config(self, values: Values, source: str) -> StarCoder2Config:
        reader = ConfigReader(values, source, DEFAULTS)
        reader.require(use_bias=True, tie_word_embeddings=True, rope_scaling=None)
        return StarCoder2Config(
            layers=reader.integer("num_hidden_layers"),
            features=reader.integer("hidden_size"),
            hidden=reader.integer("intermediate_size"),
            heads=reader.integer("num_attention_heads"),
            kv_heads=reader.integer("num_key_value_heads"),
            vocabulary=reader.integer("vocab_size"),
            context=reader.integer("max_position_embeddings"),
            window=reader.optional("sliding_window"),
            function=reader.function("hidden_act"),
            epsilon=reader.number("norm_epsilon"),
            base=reader.number("rope_theta", above=1.0),
        )

    def tensors(
        self, config: StarCoder2Config, stored: StoredTensors, source: str
    ) -> StoredTensors:
        return stored

    def notes(self, name: str, config: StarCoder2Config) -> tuple[str, ...]:
        return (f"{name}: hardware is built for {config.context} positions",)

    def graph(self, name: str, config: StarCoder2Config) -> Graph:
        c, d, size = config, config.features, config.features // config.heads
        table = "model.embed_tokens.weight"
        block = "model.layers.{layer}"

        def norm(at: str) -> LayerNorm:
            return LayerNorm(
                features=d, epsilon=c.epsilon, weight=f"{at}.weight", bias=f"{at}.bias"
            )

        def linear(at: str, inputs: int, outputs: int) -> Linear:
            at = f"{block}.{at}"
            return Linear(inputs=inputs, outputs=outputs, weight=f"{at}.weight", bias=f"{at}.bias")

        body = (
            Node("norm_1", norm(f"{block}.input_layernorm"), ("x",)),
            Node("angles", Angles(features=size, bases=(c.base,)), ("positions",)),
            Node("q", linear("self_attn.q_proj", d, d), ("norm_1",)),
            Node("q_rotated", Rotary(heads=c.heads, head_dim=size), ("q", "angles")),
            Node("k", linear("self_attn.k_proj", d, c.kv_heads * size), ("norm_1",)),
            Node("k_rotated", Rotary(heads=c.kv_heads, head_dim=size), ("k", "angles")),
            Node("v", linear("self_attn.v_proj", d, c.kv_heads * size), ("norm_1",)),
            Node("attention",
                 Attention(heads=c.heads, kv_heads=c.kv_heads, head_dim=size, windows=(c.window,)),
                 ("q_rotated", "k_rotated", "v")),
            Node("attention_out", linear("self_attn.o_proj", d, d), ("attention",)),
            Node("residual_1", Add(), ("x", "attention_out")),
            Node("norm_2", norm(f"{block}.post_attention_layernorm"), ("residual_1",)),
            Node("hidden", linear("mlp.c_fc", d, c.hidden), ("norm_2",)),
            Node("activation", Activation(function=c.function), ("hidden",)),
            Node("mlp_out", linear("mlp.c_proj", c.hidden, d), ("activation",)),
            Node("residual_2", Add(), ("residual_1", "mlp_out")),
        )  # fmt: skip
        nodes = (
            Node("tokens", Input(role="tokens")),
            Node("positions", Input(role="positions")),
            Node("embedding", Gather(table=table, rows=c.vocabulary, features=d), ("tokens",)),
            RolledLoop(name="blocks", trips=c.layers, source="embedding", carried="x", body=body,
                       result="residual_2"),
            Node("last", LastToken(), ("blocks",)),
            Node("norm_final", norm("model.norm"), ("last",)),
            Node("logits", Linear(inputs=d, outputs=c.vocabulary, weight=table), ("norm_final",)),
            Node("next_token", ArgMax(classes=c.vocabulary), ("logits",)),
        )  # fmt: skip
        return Graph(name=name, context=c.context, vocabulary=c.vocabulary, nodes=nodes)


STARCODER2 = StarCoder2()
