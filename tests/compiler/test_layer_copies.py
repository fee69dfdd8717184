# SPDX-License-Identifier: Apache-2.0
"""A copy of a layer kind, installed from outside under another name, gives the same design."""

import inspect
import re
import sys
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.explore.intensity_driven import unroll_by_intensity
from streamhw.compiler.explore.space import space_of
from streamhw.compiler.fusion.on_chip_memory import intermediate_memory
from streamhw.compiler.ir.levels import Dataflow, PlacedNetlist
from streamhw.compiler.layers.layer import Layer
from streamhw.compiler.layers.table import BUILT_IN, layer_table
from streamhw.compiler.mapping.engine_sharing import formats_of
from streamhw.compiler.mapping.shrink import Shortage, smaller
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import Model, load
from streamhw.graph import Graph, Input, LastToken, Node, Op, RolledLoop
from streamhw.quantization.config import QuantConfig
from streamhw.report.roofline import shape_of, work_of
from tests.packages import install
from tests.tiny import TINY_GEMMA, tiny_decoder, write_tiny

CONFIG = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32, sharing=2)

KINDS = [layer for layer in BUILT_IN if layer.op not in (Input, LastToken)]
"""All but what the executor does itself: a model's input, and the last of its rows."""


def absolute(module: ModuleType) -> str:
    """The text of a module with imports that work from outside its package."""

    def named(found: re.Match[str]) -> str:
        base = module.__name__.split(".")[: -len(found[1])]
        return f"from {'.'.join(base + found[2].split('.')) if found[2] else '.'.join(base)} import"

    return re.sub(r"^from (\.+)([\w.]*) import", named, inspect.getsource(module), flags=re.M)


def copied(patch: pytest.MonkeyPatch, folder: Path, layer: Layer) -> type[Op]:
    """Installs a package with the operation and the bundle, each from the same text; the name of
    the class alone is another."""
    op, other = layer.op, f"Other{layer.op.__name__}"
    bundle = next(m for m in _modules("streamhw.compiler.layers") if layer in _values(m))
    name = next(n for n, value in vars(bundle).items() if value is layer)
    text = re.sub(rf"\b{op.__name__}\b", other, absolute(sys.modules[op.__module__]))
    install(patch, folder / "op", "other_op", text)
    rules = absolute(bundle)
    assert "\n__all__" in rules
    taken = f"\nfrom other_op import {other} as {op.__name__}\n\n__all__"
    point = f"{other} = other_layer:{name}"
    install(
        patch, folder / "layer", "other_layer", rules.replace("\n__all__", taken, 1), layer=point
    )
    found = next(kind for kind in layer_table().ops if kind.__name__ == other)
    assert found is not op and found.__module__ == "other_op"
    return found


def _modules(package: str) -> list[ModuleType]:
    return [m for name, m in sys.modules.items() if name.startswith(f"{package}.")]


def _values(module: ModuleType) -> list[object]:
    return [value for value in vars(module).values() if isinstance(value, Layer)]


def made_of(model: Model, old: type[Op], new: type[Op]) -> Model:
    """The model with other operations of one kind."""

    def changed(node: Node) -> Node:
        if type(node.op) is not old:
            return node
        return replace(node, op=new(**{f.name: getattr(node.op, f.name) for f in fields(node.op)}))

    nodes = tuple(
        replace(item, body=tuple(map(changed, item.body)))
        if isinstance(item, RolledLoop)
        else changed(item)
        for item in model.graph.nodes
    )
    return replace(model, graph=replace(model.graph, nodes=nodes))


def compiled(model: Model) -> PlacedNetlist:
    design = compile_model(model, load_board("sim"), CONFIG)
    assert isinstance(design, PlacedNetlist)
    return design


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Model, PlacedNetlist, str]]:
    """Models that have all layer kinds between them, with design and Verilog."""
    folder = tmp_path_factory.mktemp("models")
    found = []
    for model in (load(str(write_tiny(folder / "tiny", vocabulary=60))), tiny_decoder(TINY_GEMMA)):
        design = compiled(model)
        found.append((model, design, emit(design).verilog))
    return found


def kinds(graph: Graph) -> set[type[Op]]:
    return {type(node.op) for node, _ in graph.walk()}


def decisions(design: Dataflow) -> object:
    """What engine sharing, tiling, shrinking, exploration and reports make of the graph."""
    graph, board = design.graph, design.board
    formats = formats_of(graph, design.quantization)
    space = space_of(graph, board, formats, sharing=(tuple(formats),))
    groups = tuple((name,) for name in formats)
    shorts = [Shortage(), *(Shortage(part=i.name, node=i.node) for i in design.instances)]
    return (
        design.assignments,
        design.tiling,
        [smaller(graph, board, design.assignments, design.tiling, short) for short in shorts],
        (space.lanes, space.attention_lanes, space.parallel_heads, space.size(10**6)),
        unroll_by_intensity(space, groups, 4, lambda choice: choice.tiling.lanes < 4),
        (intermediate_memory(design), work_of(graph, CONFIG.quantization), shape_of(graph)),
    )


def cycles(design: PlacedNetlist) -> tuple[float, ...]:
    answer = Estimate.placed(design).answer(7, 12)
    return (answer.prompt, *answer.tokens)


@pytest.mark.parametrize("layer", KINDS, ids=lambda layer: layer.op.__name__)
def test_a_copy_gives_the_same_design(
    layer: Layer,
    originals: list[tuple[Model, PlacedNetlist, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    model, design, text = next(o for o in originals if layer.op in kinds(o[0].graph))
    copy = copied(monkeypatch, tmp_path, layer)
    other = compiled(made_of(model, layer.op, copy))
    assert copy in kinds(other.graph) and layer.op not in kinds(other.graph)
    assert decisions(other) == decisions(design)
    assert other.queues == design.queues
    assert cycles(other) == cycles(design)
    assert emit(other).verilog == text
