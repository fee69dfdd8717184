# SPDX-License-Identifier: Apache-2.0
"""The whole-graph integer reference: independent of steps, equal to kernels, near the floats."""

import numpy as np
import pytest

from streamhw.compiler.layers.table import layer_table
from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.graph import RolledLoop
from streamhw.graph.executor import Array, execute
from streamhw.graph.float_reference import float_compute
from streamhw.kernels.attention.scores import ScoresSpec
from streamhw.kernels.attention.values import ValuesSpec
from streamhw.quantization.plan import AttentionPlan, LinearPlan
from streamhw.quantization.quantized_model import LinearParameters
from streamhw.quantization.quantizer import quantize
from streamhw.reference.integer_model import Cache, IntegerModel, Trace

MODEL = load("gpt2-shakespeare")
TOKENIZER = MODEL.tokenizer
QUANTIZED = quantize(MODEL, layer_table().quantization)
GOLDEN = IntegerModel(QUANTIZED, layer_table().reference)
PROMPT = TOKENIZER.encode("ROMEO.\nWhat light through yonder window breaks?")


@pytest.fixture(scope="module")
def trace() -> Trace:
    return GOLDEN.step(PROMPT, Cache())


def test_every_value_of_every_layer_is_there(trace: Trace) -> None:
    graph, n = MODEL.graph, len(PROMPT)
    for item in graph.nodes:
        layers = range(item.trips) if isinstance(item, RolledLoop) else (None,)
        names = [node.name for node in item.body] if isinstance(item, RolledLoop) else [item.name]
        if isinstance(item, RolledLoop):
            names.append(item.carried)
        for name in names:
            shape = tuple(n if size == "n" else size for size in graph.shapes[name])
            for layer in layers:
                value = trace[name, layer]
                fmt = QUANTIZED.formats[name]
                assert value.shape == shape, name
                assert value.min() >= fmt.minimum and value.max() <= fmt.maximum, name
    assert (trace["x", 1] == trace["residual_2", 0]).all()
    assert (trace["blocks", None] == trace["residual_2", 3]).all()
    assert trace["attention.scores", 2].shape == (n, 4, 128)
    assert trace["attention.key_cache", 2].shape == (n, 128)


@pytest.mark.parametrize("cuts", [(1,), (5, 6), tuple(range(1, len(PROMPT)))])
def test_results_do_not_depend_on_steps(trace: Trace, cuts: tuple[int, ...]) -> None:
    cache = Cache()
    parts = [
        GOLDEN.step(PROMPT[begin:end], cache)
        for begin, end in zip((0, *cuts), (*cuts, len(PROMPT)), strict=True)
    ]
    for (name, layer), value in trace.items():
        if name.endswith("cache") or MODEL.graph.shapes.get(name, ("n",))[0] == 1:
            assert (parts[-1][name, layer] == value).all(), name
        else:
            joined = np.concatenate([part[name, layer] for part in parts])
            assert (joined == value).all(), name


def test_attention_equals_its_kernels(trace: Trace) -> None:
    plan = QUANTIZED.plans["attention"]
    assert isinstance(plan, AttentionPlan)
    n = len(PROMPT)
    sizes = {"tokens": n, "heads": 4, "head_dim": 32, "context": 128, "lanes": 8}
    symbol_values = {"tokens": n, "length": list(range(1, n + 1))}
    scores = ScoresSpec(
        **sizes, query=plan.query, key=plan.key, out=plan.scores, shift=plan.score_shift
    )
    values = ValuesSpec(**sizes, out_lanes=8, shift=plan.value_shift, out=plan.out)
    found = scores.compute({"i_q": trace["q", 1], "i_k": trace["k", 1]}, symbol_values)["o"]
    assert (found == trace["attention.scores", 1]).all()
    mixed = values.compute(
        {"i_p": trace["attention.probabilities", 1], "i_v": trace["v", 1]}, symbol_values
    )["o"]
    assert (mixed == trace["attention", 1]).all()


def test_linear_is_its_formula(trace: Trace) -> None:
    found, plan = QUANTIZED.parameters("mlp_out", 2), QUANTIZED.plans["mlp_out"]
    assert isinstance(found, LinearParameters) and isinstance(plan, LinearPlan)
    for token, row in ((0, 0), (7, 100)):
        total = 0
        for column, x in enumerate(trace["activation", 2][token].tolist()):
            factor = int(found.group_multipliers[row, column // 64])
            total += factor * int(found.weight[row, column]) * x
        shift = int(found.shift[row])
        product = (total + int(found.bias[row])) * int(found.mult[row])
        expected = (product + (1 << (shift - 1))) >> shift
        assert trace["mlp_out", 2][token, row] == expected


def test_each_node_stays_near_the_float_node(trace: Trace) -> None:
    """From the integers of its inputs on: the error of each node's own arithmetic."""
    reference = float_compute(MODEL.weights)
    matrices = dict.fromkeys(("attention_out", "mlp_out", "hidden", "logits"), 0.25)
    bounds = matrices | {"activation": 0.08}

    def real(name: str, layer: int | None) -> Array:
        steps = QUANTIZED.scales(name, layer)
        return np.asarray(trace[name, layer] * steps, dtype=np.float32)

    for node, loop in MODEL.graph.walk():
        if node.name not in QUANTIZED.plans or node.name in ("last", "qkv", "q", "k", "v"):
            continue
        for layer in range(loop.trips) if loop else (None,):
            inputs = tuple(real(name, layer) for name in node.inputs)
            exact = reference(node, layer, inputs)
            error = np.sqrt(np.mean((real(node.name, layer) - exact) ** 2) / np.mean(exact**2))
            assert error < bounds.get(node.name, 0.03), (node.name, layer)


def test_generation() -> None:
    tokens = list(GOLDEN.generate(PROMPT, 12))
    assert len(tokens) == 12
    text = PROMPT + tokens
    again = GOLDEN.step(text[:-1], Cache())
    assert again["next_token", None][0] == tokens[-1]
    assert (
        list(GOLDEN.generate(PROMPT, 12, ends=tokens[4:5])) == tokens[: tokens.index(tokens[4]) + 1]
    )


def test_logits_of_a_batch() -> None:
    rows = np.array([PROMPT[:10], PROMPT[10:20]])
    batch = GOLDEN.logits(rows)
    for row, logits in zip(rows, batch, strict=True):
        alone = GOLDEN.step(row.tolist(), Cache())["logits", None]
        assert (QUANTIZED.formats["logits"].decode(alone[0]) == logits[-1]).all()


def test_greatest_index_is_the_lowest_of_equal_ones() -> None:
    values = execute(MODEL.graph, np.array([1]), float_compute(MODEL.weights))
    assert values["next_token"].shape == (1,)
    node = MODEL.graph.node("next_token")
    assert GOLDEN._function(node, None)(None, (np.array([[3, 9, 9, 1]]),))[0] == 1


def test_limits() -> None:
    cache = Cache()
    GOLDEN.step(PROMPT, cache)
    with pytest.raises(UserError, match=r"^Sequence must have at most 128 tokens, not 129$"):
        GOLDEN.step([1] * (129 - len(PROMPT)), cache)
    with pytest.raises(UserError, match=r"^Token must be 0 to 511, not 512$"):
        GOLDEN.step([1, 512], Cache())
    with pytest.raises(UserError, match=r"^Token must be 0 to 511, not none at all$"):
        GOLDEN.step([], Cache())
