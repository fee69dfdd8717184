# SPDX-License-Identifier: Apache-2.0
"""The list of stages: what each adds, that none changes what it was given, that all repeat."""

import pickle
import re
from dataclasses import MISSING, FrozenInstanceError, fields, replace
from pathlib import Path
from typing import Any

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.level_codec import dumps
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.lowering.insert_converters import insert_converters
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import STAGES, Source, compile_model
from streamhw.errors import BuildError, InternalError, UserError
from streamhw.frontend.model import Model
from streamhw.graph import Graph, Linear, Node, RolledLoop, print_graph
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.quantizer import quantize
from tests.compiler.conftest import Compiled

CONFIG = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
CHANGES = {
    "assign": {"assignments"},
    "tile": {"target", "tiling"},
    "lower": {"instances", "channels"},
    "convert": {"instances", "channels"},
    "fuse": {"fused", "instances", "channels"},
    "memory": {"memory", "instances", "channels"},
    "control": {"instances", "channels"},
    "partition": {"instances", "channels", "slices"},
    "size": {"instances", "queues", "depths"},
    "place": {"placement"},
}
"""The fields that each stage may set."""


def passed(model: Model) -> list[Any]:
    """What each stage gives, and at first what compilation begins with."""
    levels: list[Any] = [Source(model=model, board=load_board("sim"), config=CONFIG)]
    for stage in STAGES:
        levels.append(stage.run(levels[-1]))
    return levels


def test_stages_take_and_give_the_levels_that_they_name(tiny: Model) -> None:
    levels = passed(tiny)
    assert [type(level) for level in levels] == [Source, *(stage.gives for stage in STAGES)]
    assert [stage.takes for stage in STAGES] == [Source, *(s.gives for s in STAGES[:-1])]
    for stage, before, after in zip(STAGES[1:], levels[1:-1], levels[2:], strict=True):
        kept = {f.name for f in fields(before) if getattr(before, f.name) == getattr(after, f.name)}
        assert {f.name for f in fields(after)} - kept <= CHANGES[stage.name], stage.name


def test_the_page_has_all_stages_and_the_levels_that_they_give() -> None:
    page = (Path(__file__).parents[2] / "docs" / "pipeline.md").read_text()
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \|", page, re.MULTILINE)
    assert rows == [(stage.name, stage.gives.__name__) for stage in STAGES]


def test_equal_inputs_give_equal_levels_and_no_stage_changes_what_it_was_given(
    tiny: Model,
) -> None:
    """Levels are plain data; each is the same after all later stages, emission and estimates."""
    ours = passed(tiny)
    before = [dumps(level) for level in ours[1:]]
    Estimate.placed(ours[-1]).answer(4, 6)
    emit(ours[-1])
    assert [dumps(level) for level in ours[1:]] == before
    for one, other in zip(ours[1:], passed(tiny)[1:], strict=True):
        assert one is not other and one == other and hash(one) == hash(other)
        read = pickle.loads(pickle.dumps(one))
        assert read == one and hash(read) == hash(one) and type(read) is type(one)
    assert print_graph(ours[-1].graph) == print_graph(tiny.graph)


def test_a_model_of_other_formats_is_refused(tiny: Model) -> None:
    quantized = quantize(tiny, layer_table().quantization, QuantConfig(weight_bits=8))
    with pytest.raises(InternalError, match=r"^Model must be quantized with W4A8, not W8A8$"):
        compile_model(quantized, load_board("sim"), CONFIG)


def test_designs_are_frozen(design: PlacedNetlist) -> None:
    for what in (design, design.instances[0], design.channels[0], design.memory):
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
    assert type(design) is STAGES[names.index(stop)].gives


def test_stage_that_does_not_exist(tiny: Model) -> None:
    with pytest.raises(
        UserError,
        match=r"^Stage must be one of quantize, assign, tile, lower, convert, fuse, memory, "
        r"control, partition, size, place, not 'emit'$",
    ):
        compile_model(tiny, load_board("sim"), CONFIG, stop="emit")


def test_no_level_has_what_a_later_stage_decides(compiled: Compiled) -> None:
    mapped = compiled(stop="tile")
    assert mapped.tiling.engines["matmul_w4"].rows == 8
    for name in ("instances", "fused", "memory", "slices", "depths", "placement"):
        assert not hasattr(mapped, name)
    for level in (stage.gives for stage in STAGES):
        assert all(f.default is MISSING and f.default_factory is MISSING for f in fields(level))


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
        lower(graph, design.quantization, {}, design.tiling, 512, ())


def test_estimate_repeats(tiny: Model, design: PlacedNetlist) -> None:
    """The same design, another estimate of it, and the same model compiled again."""
    first = Estimate.placed(design)
    answers = [first.answer(9, 16), first.answer(9, 16), Estimate.placed(design).answer(9, 16)]
    again = compile_model(tiny, load_board("sim"), CONFIG)
    answers.append(Estimate.placed(again).answer(9, 16))
    assert len(set(answers)) == 1
    assert len(answers[0].tokens) == 6
    assert answers[0].total == answers[0].prompt + sum(answers[0].tokens)


def test_estimate_grows_with_prompt_and_position(design: PlacedNetlist) -> None:
    estimate = Estimate.placed(design)
    prompts = [estimate.answer(n, n + 1).prompt for n in (1, 8, 9, 16, 17, 31)]
    assert prompts == sorted(set(prompts))
    tokens = estimate.answer(1, 31).tokens
    assert tokens[-1] > tokens[0]


def test_engines_find_all_matrices(tiny: Model, design: PlacedNetlist) -> None:
    linears = {n.name for n, _ in tiny.graph.walk() if isinstance(n.op, Linear)}
    assert {name for b in design.assignments for name in b.nodes} == linears


def test_no_converter_says_where_the_orders_part(design: PlacedNetlist) -> None:
    """What a converter cannot do is the message, where the two orders part is the hint."""
    channel = next(c for c in design.channels if c.name == "norm_1_i")
    short = replace(channel.consumed, loops=channel.consumed.loops[1:])
    with pytest.raises(BuildError, match=r"norm_1.i has no layout converter: ") as raised:
        insert_converters(design.instances, (replace(channel, consumed=short),))
    assert str(raised.value.hint).startswith("the orders part at beat 8 (with tokens=8), [1, 0] ")
