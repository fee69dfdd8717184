# SPDX-License-Identifier: Apache-2.0
"""Quantized models: formats, parameters within their fields, real values that the integers keep."""

import re
from dataclasses import replace

import numpy as np
import pytest

from streamhw.compiler.layers.table import layer_table
from streamhw.errors import BuildError, InternalError, UserError
from streamhw.frontend import Model, Origin, load
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.frontend.weights import RandomWeights
from streamhw.graph import Add, Chunk, Gather, Graph, Input, LayerNorm, Linear, Node
from streamhw.graph.float_reference import forward
from streamhw.numerics.element_format import integer_format
from streamhw.numerics.fixed import Fixed
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.fake_quant import fake_forward
from streamhw.quantization.plan import ActivationPlan, AttentionPlan, LinearPlan
from streamhw.quantization.quantized_model import (
    ActivationParameters,
    LinearParameters,
    NormParameters,
    QuantizedModel,
)
from streamhw.quantization.quantizer import quantize
from streamhw.quantization.weights import dequantize

MODEL = load("gpt2-shakespeare")


@pytest.fixture(scope="module", params=[4, 8], ids=["W4A8", "W8A8"])
def quantized(request: pytest.FixtureRequest) -> QuantizedModel:
    return quantize(MODEL, layer_table().quantization, QuantConfig(weight_bits=request.param))


def random_model(**values: int) -> Model:
    sizes = {"layers": 2, "features": 32, "heads": 2, "vocabulary": 50, "context": 16, "hidden": 48}
    config = Gpt2Config(**(sizes | values))
    graph = gpt2_graph("tiny", config)
    weights = RandomWeights(graph, additions=2 * config.layers)
    return Model(name="tiny", graph=graph, config=config, weights=weights, origin=Origin.RANDOM)


def test_every_value_has_a_format_and_every_node_a_plan(quantized: QuantizedModel) -> None:
    graph = MODEL.graph
    assert set(quantized.formats) == set(graph.shapes)
    inputs = {"tokens", "positions"}
    assert set(quantized.plans) == {node.name for node, _ in graph.walk()} - inputs
    for node, _ in graph.walk():
        if node.name not in inputs:
            assert quantized.plans[node.name].out == quantized.formats[node.name]


def test_formats(quantized: QuantizedModel) -> None:
    formats = quantized.formats
    residual = formats["x"]
    assert residual.width == 24
    for name in ("embedding", "residual_1", "residual_2", "blocks", "last", "attention_out"):
        assert formats[name] == residual
    for name in ("norm_1", "k", "v", "attention", "activation", "norm_final"):
        assert formats[name] == Fixed(8)
    assert formats["q"].width == formats["hidden"].width == 16
    assert formats["next_token"] == Fixed(9, signed=False)
    plan = quantized.plans["attention"]
    assert isinstance(plan, AttentionPlan)
    assert plan.score_shift == formats["q"].frac - 10 and plan.value_shift == 16


def test_parameters_fit_their_fields(quantized: QuantizedModel) -> None:
    bits = quantized.config.weight_bits
    for node, loop in MODEL.graph.walk():
        for layer in range(loop.trips) if loop else (None,):
            found = quantized.parameters(node.name, layer)
            if isinstance(found, LinearParameters):
                plan = quantized.plans[node.name]
                assert isinstance(plan, LinearPlan) and isinstance(node.op, Linear)
                assert plan.weights == integer_format(bits, 64 if bits == 4 else None)
                assert found.weight.shape == (node.op.outputs, node.op.inputs)
                assert np.abs(found.weight.astype(int)).max() <= 1 << (bits - 1)
                assert found.mult.min() >= 1 << 15 and found.shift.max() <= 63
            if isinstance(found, NormParameters):
                assert np.abs(found.gamma.astype(int)).max() > 1 << 9
            if isinstance(found, ActivationParameters):
                assert found.scale.min() >= 1 and found.scale.dtype == np.uint16
    widest = max(
        int(quantized.parameters("activation", layer).scale.max())  # type: ignore[union-attr]
        for layer in range(4)
    )
    assert widest >= 1 << 15  # the shift wastes no bit


def test_parameters_stand_for_the_models_numbers(quantized: QuantizedModel) -> None:
    bits = quantized.config.weight_bits
    for layer in (0, 3):
        found = quantized.parameters("hidden", layer)
        assert isinstance(found, LinearParameters)
        real = dequantize(found) / quantized.scales("norm_2", layer)
        exact = MODEL.weights[f"h.{layer}.mlp.c_fc.weight"].T
        error = np.sqrt(np.mean((real - exact) ** 2) / np.mean(exact**2))
        assert error < (0.2 if bits == 4 else 0.02)
        norm = quantized.parameters("norm_1", layer)
        assert isinstance(norm, NormParameters)
        plan = quantized.plans["norm_1"]
        gamma = norm.gamma * 2.0**-plan.gamma_frac * quantized.scales("norm_1", layer)  # type: ignore[union-attr]
        np.testing.assert_allclose(gamma, MODEL.weights[f"h.{layer}.ln_1.weight"], rtol=0.01)
        scale = quantized.parameters("activation", layer)
        function = quantized.plans["activation"]
        assert isinstance(scale, ActivationParameters) and isinstance(function, ActivationPlan)
        step = function.middle.step * 2.0**function.scale_shift / scale.scale
        np.testing.assert_allclose(step, quantized.scales("activation", layer))


def test_fake_values_stay_near_the_float_ones(quantized: QuantizedModel) -> None:
    tokens = np.arange(1, 97)
    exact = forward(MODEL.graph, MODEL.weights, tokens, all_rows=True)["logits"]
    fake = fake_forward(MODEL, quantized, tokens, all_rows=True)["logits"]
    error = np.sqrt(np.mean((fake - exact) ** 2) / np.var(exact))
    assert error < (0.2 if quantized.config.weight_bits == 4 else 0.1)


def test_scales_of_trained_models_are_searched_in_8_bits_too() -> None:
    """Unless an exponent is asked for."""
    made, follows = (
        quantize(MODEL, layer_table().quantization, QuantConfig(weight_bits=8, smoothing=how))
        for how in (None, 1.0)
    )
    ratios = [
        made.scales(f"norm_{n}", layer) / follows.scales(f"norm_{n}", layer)
        for n in (1, 2)
        for layer in range(4)
    ]
    assert all((ratio >= 1 - 1e-9).all() for ratio in ratios)
    assert any((ratio > 1.01).any() for ratio in ratios)


def test_the_same_input_gives_the_same_integers() -> None:
    first, second = (
        quantize(random_model(), layer_table().quantization, QuantConfig(scale_group=16))
        for _ in range(2)
    )
    one, two = first.parameters("hidden", 1), second.parameters("hidden", 1)
    assert isinstance(one, LinearParameters) and isinstance(two, LinearParameters)
    assert (one.weight == two.weight).all() and (one.bias == two.bias).all()
    assert first.formats == second.formats and first.plans == second.plans
    assert first.calibration == "64 random tokens"


def test_mixed_widths() -> None:
    found = quantize(
        random_model(), layer_table().quantization, QuantConfig(scale_group=16, head_bits=8)
    )
    head, hidden = found.plans["logits"], found.plans["hidden"]
    assert isinstance(head, LinearPlan) and isinstance(hidden, LinearPlan)
    assert head.weights == integer_format(8, 16)
    assert hidden.weights == integer_format(4, 16)


def test_products_by_name_have_8_bits() -> None:
    config = QuantConfig(scale_group=16, wide=("mlp_out",))
    assert str(config) == "W4A8 with 8-bit mlp_out"
    found = quantize(random_model(), layer_table().quantization, config)
    wide, narrow = found.plans["mlp_out"], found.plans["qkv"]
    assert isinstance(wide, LinearPlan) and wide.weights == integer_format(8)
    assert isinstance(narrow, LinearPlan) and narrow.weights == integer_format(4, 16)
    with pytest.raises(UserError, match=r"^Product must be one of qkv, .*, not 'down'$"):
        quantize(random_model(), layer_table().quantization, QuantConfig(wide=("down",)))


def test_a_rise_is_no_choice_yet() -> None:
    with pytest.raises(InternalError, match="must be chosen before"):
        quantize(random_model(), layer_table().quantization, QuantConfig(rise=0.05))


def test_group_must_divide_the_columns() -> None:
    message = "Node qkv: scale group must divide the 32 input columns, not 64"
    with pytest.raises(BuildError, match=f"^{message}$"):
        quantize(random_model(), layer_table().quantization, QuantConfig())


def test_values_without_integer_semantics_are_refused() -> None:
    """A chunk that feeds a sum has no format."""
    chunks = tuple(Node(f"part_{i}", Chunk(index=i, parts=2), ("wide",)) for i in range(2))
    graph = Graph(
        name="odd",
        context=8,
        vocabulary=10,
        nodes=(
            Node("tokens", Input(role="tokens")),
            Node("table", Gather(table="wte.weight", rows=10, features=16), ("tokens",)),
            Node(
                "norm",
                LayerNorm(features=16, epsilon=1e-5, weight="n.weight", bias="n.bias"),
                ("table",),
            ),
            Node("wide", Linear(inputs=16, outputs=32, weight="wide.weight"), ("norm",)),
            *chunks,
            Node("sum", Add(), ("part_0", "part_1")),
        ),
    )
    model = replace(random_model(), graph=graph, weights=RandomWeights(graph, additions=1))
    message = "Node part_0: no integer format for Chunk that feeds no attention"
    with pytest.raises(BuildError, match=f"^{message}$"):
        quantize(model, layer_table().quantization, QuantConfig(scale_group=16))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"weight_bits": 3}, "QuantConfig weight_bits must be 4 or 8, not 3"),
        ({"weight_bits": 4, "head_bits": 2}, "QuantConfig head_bits must be 4 or 8, not 2"),
        ({"cache_bits": 3}, "QuantConfig cache_bits must be 4 or 8, not 3"),
        ({"scale_group": 0}, "QuantConfig scale_group must be positive, not 0"),
        ({"smoothing": 1.5}, "QuantConfig smoothing must be 0 to 1, not 1.5"),
        ({"tokens": 0}, "QuantConfig tokens must be positive, not 0"),
    ],
)
def test_configurations_are_checked(values: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        QuantConfig(**values)  # type: ignore[arg-type]


def test_names_of_configurations() -> None:
    assert str(QuantConfig()) == "W4A8" and str(QuantConfig(weight_bits=8)) == "W8A8"
    mixed = QuantConfig(number_format="int4g32", wide=("v", "logits"))
    assert str(mixed) == "int4g32, A8 with 8-bit v, logits"


def test_the_share_that_is_done_is_told() -> None:
    """Half of it by tokens that are measured, half by weights that are rounded."""
    told: list[float] = []
    config = QuantConfig(tokens=64)
    quantize(
        load("gpt2-shakespeare", layers=1), layer_table().quantization, config, on_share=told.append
    )
    assert told == sorted(told) and told[-1] == 1.0
    measured, rounded = [s for s in told if s <= 0.5], [s for s in told if s > 0.5]
    assert measured and len(rounded) > 4
