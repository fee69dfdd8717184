# SPDX-License-Identifier: Apache-2.0
"""The list of stages: what each adds, that none changes what it was given, that all repeat."""

import hashlib
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.design import Design
from streamhw.compiler.lowering.insert_converters import insert_converters
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import STAGES, compile_model
from streamhw.compiler.text_dump import dump
from streamhw.errors import BuildError, InternalError, UserError
from streamhw.frontend.model import Model
from streamhw.graph import Graph, Linear, Node, RolledLoop, print_graph
from streamhw.quantization.config import QuantConfig
from tests.compiler.conftest import Compiled

CONFIG = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
ADDS = {
    "quantize": {"quantized"},
    "bind": {"assignments"},
    "tile": {"board", "tiling"},
    "lower": {"instances", "channels"},
    "convert": {"instances", "channels"},
    "fuse": {"fused", "instances", "channels"},
    "memory": {"memory", "instances", "channels"},
    "control": {"instances", "channels"},
    "partition": {"instances", "channels", "slices"},
    "size": {"instances", "channels", "depths"},
    "place": {"placement"},
}
"""The fields of a design that each stage may set."""


def snapshot(design: Design) -> str:
    """Everything in a design as text, integers of the model included."""
    digest = hashlib.sha256()
    if design.quantized is not None:
        for node, loop in design.graph.walk():
            for layer in range(loop.trips) if loop is not None else (None,):
                values = design.quantized.parameters(node.name, layer)
                for value in vars(values).values() if values is not None else ():
                    digest.update(b"" if value is None else value.tobytes())
        digest.update(repr((design.quantized.plans, design.quantized.formats)).encode())
    kept = (design.depths, design.placement, design.fused, design.config, design.board)
    parts = [part.resources() for part in (i.part for i in design.instances)]
    return "\n".join([dump(design), digest.hexdigest(), repr(kept), repr(parts)])


def test_no_stage_changes_what_it_was_given(tiny: Model) -> None:
    """Every design on the way is the same after all later stages, emission and estimates."""
    design = Design(config=CONFIG, board=load_board("sim"), model=tiny)
    passed, before = [design], [snapshot(design)]
    for stage in STAGES:
        design = stage.run(design)
        passed.append(design)
        before.append(snapshot(design))
    Estimate(design).answer(4, 6)
    emit(design)
    assert [snapshot(d) for d in passed] == before
    assert print_graph(design.graph) == print_graph(tiny.graph)


def test_stages_set_their_own_fields_and_repeat(tiny: Model) -> None:
    design = Design(config=CONFIG, board=load_board("sim"), model=tiny)
    for stage in STAGES:
        once, twice = stage.run(design), stage.run(design)
        assert snapshot(once) == snapshot(twice), stage.name
        changed = {
            f.name for f in fields(Design) if getattr(once, f.name) is not getattr(design, f.name)
        }
        assert changed <= ADDS[stage.name], stage.name
        assert changed, stage.name
        design = once


def test_designs_are_frozen(design: Design) -> None:
    for what in (design, design.instances[0], design.channels[0], design.known.memory):
        with pytest.raises(FrozenInstanceError):
            what.name = "other"


@pytest.mark.parametrize("stop", [stage.name for stage in STAGES])
def test_stop(stop: str, tiny: Model) -> None:
    """All fields up to the stage, none behind it."""
    seen: list[str] = []
    design = compile_model(
        tiny, load_board("sim"), CONFIG, on_stage=lambda name, _: seen.append(name), stop=stop
    )
    names = [stage.name for stage in STAGES]
    assert seen == names[: names.index(stop) + 1]
    made = {field for name in seen for field in ADDS[name]}
    for field in (
        "quantized",
        "tiling",
        "assignments",
        "instances",
        "memory",
        "slices",
        "depths",
        "placement",
    ):
        assert bool(getattr(design, field)) == (field in made), field


def test_stage_that_does_not_exist(tiny: Model) -> None:
    with pytest.raises(
        UserError,
        match=r"^Stage must be one of quantize, bind, tile, lower, convert, fuse, memory, control, "
        r"partition, size, place, not 'emit'$",
    ):
        compile_model(tiny, load_board("sim"), CONFIG, stop="emit")


def test_reading_what_no_stage_made_yet(compiled: Compiled) -> None:
    known = compiled(stop="tile").known
    assert known.tiling.engines["matmul_w4"].rows == 8
    for name, stage in (
        ("memory", "memory"),
        ("slices", "partition"),
        ("depths", "size"),
        ("placement", "place"),
    ):
        with pytest.raises(
            InternalError, match=rf"^Stage {stage} must run before its result is read$"
        ):
            getattr(known, name)


def test_names_of_parts_and_ports(design: Design) -> None:
    with pytest.raises(KeyError, match="Design has no instance 'nobody'"):
        design.instance("nobody")
    with pytest.raises(KeyError, match=r"Instance norm_1 has ports \['i', .*\], not 'x'"):
        design.instance("norm_1").port("x")
    assert [c.name for c in design.into("embedding")] == ["embedding_i_a", "embedding_i_b"]
    assert [str(c.sink) for c in design.out_of("norm_1")] == ["matmul_w4.i_x_qkv"]


def test_graph_without_a_loop(tiny: Model) -> None:
    """The compiler says which form it takes; here the tiny model's body once, unrolled."""
    from streamhw.compiler.lowering.stage import lower

    (loop,) = tiny.graph.loops
    nodes: list[Node | RolledLoop] = []
    for item in tiny.graph.nodes:
        nodes += [] if item is loop else [item]
    tail = [n for n in nodes if isinstance(n, Node) and n.name in ("tokens", "token_embedding")]
    graph = Graph(name="flat", context=4, vocabulary=60, nodes=tuple(tail))
    design = compile_model(tiny, load_board("sim"), CONFIG, stop="tile")
    with pytest.raises(BuildError, match=r"^Graph flat must have one loop, not 0$"):
        lower(graph, design.known.quantized.plan, {}, design.known.tiling, 512, ())


def test_estimate_repeats(tiny: Model, design: Design) -> None:
    """The same design, another estimate of it, and the same model compiled again."""
    first = Estimate(design)
    answers = [first.answer(9, 16), first.answer(9, 16), Estimate(design).answer(9, 16)]
    again = compile_model(tiny, load_board("sim"), CONFIG)
    answers.append(Estimate(again).answer(9, 16))
    assert len(set(answers)) == 1
    assert len(answers[0].tokens) == 6
    assert answers[0].total == answers[0].prompt + sum(answers[0].tokens)


def test_estimate_grows_with_prompt_and_position(design: Design) -> None:
    estimate = Estimate(design)
    prompts = [estimate.answer(n, n + 1).prompt for n in (1, 8, 9, 16, 17, 31)]
    assert prompts == sorted(set(prompts))
    tokens = estimate.answer(1, 31).tokens
    assert tokens[-1] > tokens[0]


def test_engines_find_all_matrices(tiny: Model, design: Design) -> None:
    linears = {n.name for n, _ in tiny.graph.walk() if isinstance(n.op, Linear)}
    assert {name for b in design.assignments for name in b.nodes} == linears


def test_no_converter_says_where_the_orders_part(design: Design) -> None:
    """What a converter cannot do is the message, where the two orders part is the hint."""
    channel = next(c for c in design.channels if c.name == "norm_1_i")
    short = replace(channel.consumed, loops=channel.consumed.loops[1:])
    with pytest.raises(BuildError, match=r"norm_1.i has no layout converter: ") as raised:
        insert_converters(design.instances, (replace(channel, consumed=short),))
    assert str(raised.value.hint).startswith("the orders part at beat 8 (with tokens=8), [1, 0] ")
