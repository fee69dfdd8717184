# SPDX-License-Identifier: Apache-2.0
"""The worked example of docs/kernels.md: bench, golden, and its way through the compiler."""

from dataclasses import dataclass

import numpy as np
import pytest

from docs.examples.leaky_relu import RULE, LeakyRelu, LeakyReluSpec
from streamhw.compiler.lowering import stage as lowering
from streamhw.compiler.lowering.builder import OpRule
from streamhw.compiler.lowering.insert_converters import insert_converters, insert_forks
from streamhw.compiler.lowering.rules import RULES
from streamhw.compiler.lowering.stage import lower
from streamhw.compiler.mapping.tiling import Tiling
from streamhw.errors import BuildError, UserError
from streamhw.frozen_map import FrozenMap
from streamhw.graph import OPS, Graph, parse_graph, print_graph
from streamhw.numerics.fixed import Fixed
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.plan import ArgMaxPlan, GatherPlan, QuantizationPlan
from streamhw.stream.itensor.itensor import Symbol, row_major
from streamhw.testing.kernel_bench import Case, check_kernel

SOURCE = Fixed(12, 6)
ORDER = row_major(SOURCE, (Symbol("tokens", 3), 8), 4)


@pytest.mark.parametrize(
    "spec",
    [
        LeakyReluSpec(type=ORDER, slope=26, out=Fixed(12, 6)),
        LeakyReluSpec(type=ORDER, slope=0, out=Fixed(6, 3)),
        LeakyReluSpec(type=ORDER, slope=256, out=Fixed(16, 14)),
        LeakyReluSpec(type=row_major(SOURCE, (1, 1)), slope=77, out=Fixed(8, 2)),
    ],
    ids=lambda s: f"{s.slope}-{s.out}",
)
def test_hardware_equals_golden(spec: LeakyReluSpec) -> None:
    rng = np.random.default_rng(1)
    bound, features = spec.type.tensor_shape()
    cases = []
    for n in (1, bound, bound, bound):
        x = rng.integers(SOURCE.minimum, SOURCE.maximum, (bound, features), endpoint=True)
        x.flat[0] = (SOURCE.minimum, SOURCE.maximum, 0, -1)[len(cases)]
        cases.append(Case(inputs={"i": x}, symbol_values={"tokens": n}))
    check_kernel(spec, cases)


def test_golden_is_the_function() -> None:
    spec = LeakyReluSpec(type=ORDER, slope=26, out=Fixed(10, 4))
    x = np.arange(SOURCE.minimum, SOURCE.maximum + 1)
    real = SOURCE.decode(x)
    exact = np.where(real < 0, 26 / 256 * real, real)
    got = spec.out.decode(spec.compute({"i": x}, {})["o"])
    assert np.abs(got - np.clip(exact, got.min(), got.max())).max() <= spec.out.step / 2


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^slope must be 0 to 256, not 257$"):
        LeakyReluSpec(type=ORDER, slope=257, out=SOURCE)
    with pytest.raises(ValueError, match=r"^out must have at most 14 fraction bits, not 15$"):
        LeakyReluSpec(type=ORDER, slope=1, out=Fixed(16, 15))


GRAPH = """
graph example context=8 vocabulary=16
tokens = Input(role='tokens')() : [n]
x0 = Gather(table='wte', rows=16, features=8, scale=1.0)(tokens) : [n, 8]
loop blocks = 2 times x from x0 : [n, 8]
  y = LeakyRelu(slope=0.1)(x) : [n, 8]
yield y
last = LastToken()(blocks) : [1, 8]
result = ArgMax(classes=8)(last) : [1]
"""


@dataclass(frozen=True)
class Point:
    """An entry point as an installed package would have it."""

    name: str
    value: str
    object: object

    def load(self) -> object:
        return self.object


@pytest.fixture
def graph() -> Graph:
    graph = parse_graph(GRAPH, (*OPS, LeakyRelu))
    assert print_graph(graph).strip() == GRAPH.strip()
    return graph


@pytest.fixture
def quantized(graph: Graph) -> QuantizationPlan:
    wide, index = Fixed(16, 10), Fixed(3, signed=False)
    plans = {"x0": GatherPlan(out=wide), "result": ArgMaxPlan(source=wide, out=index)}
    return QuantizationPlan(
        graph=graph,
        config=QuantConfig(),
        plans=FrozenMap(plans),
        formats=FrozenMap(dict.fromkeys(graph.shapes, wide)),
        calibration="none",
    )


TILING = Tiling(token_batch=4, lanes=2, attention_lanes=4)


def install(monkeypatch: pytest.MonkeyPatch, *points: Point) -> None:
    monkeypatch.setattr(
        lowering, "entry_points", lambda group: points if group == "streamhw.rule" else ()
    )


def test_rule_from_an_entry_point(
    graph: Graph, quantized: QuantizationPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Point("leaky_relu", "leaky_relu:RULE", RULE))
    instances, channels = lower(graph, quantized, TILING, 512, ())
    instances, channels = insert_converters(*insert_forks(instances, channels))
    (found,) = (i for i in instances if i.name == "y")
    order = row_major(Fixed(16, 10), (Symbol("tokens", 4), 8), 2)
    assert found.part == LeakyReluSpec(type=order, slope=26, out=Fixed(16, 10))
    assert [str(c) for c in channels if "y" in (c.source.instance, c.sink.instance)] == [
        "blocks_entry.o -> y.i",
        "y.o -> blocks_exit.i",
    ]
    assert all(c.produced.is_same_stream(c.consumed) for c in channels)


def test_without_the_package(
    graph: Graph, quantized: QuantizationPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    with pytest.raises(
        BuildError, match=r"^Node y must be of a kind that has a lowering rule, not LeakyRelu$"
    ):
        lower(graph, quantized, TILING, 512, ())


def test_entry_points_that_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Point("a", "a:rule", print))
    with pytest.raises(UserError, match=r"^Entry point a:rule must be an OpRule, not <built-in"):
        lowering.lowering_rules()
    install(monkeypatch, Point("a", "a:RULE", RULE), Point("b", "b:RULE", RULE))
    with pytest.raises(
        UserError, match=r"^Layer kind LeakyRelu must have one rule, not a second one from b:RULE$"
    ):
        lowering.lowering_rules()
    (kind, rule) = next(iter(RULES.items()))
    install(monkeypatch, Point("c", "c:RULE", OpRule(op=kind, rule=rule)))
    with pytest.raises(UserError, match=rf"^Layer kind {kind.__name__} must have one rule"):
        lowering.lowering_rules()
