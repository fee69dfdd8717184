# SPDX-License-Identifier: Apache-2.0
"""Tiling: the rule's choice on real shapes and boards, and where there is none."""

from dataclasses import replace

import pytest

from streamhw.boards.base import Board, load_board
from streamhw.compiler.mapping.engine_sharing import EngineAssignment
from streamhw.compiler.mapping.engine_tiling import EngineTiling
from streamhw.compiler.mapping.tiling import check_tiling, choose_tiling
from streamhw.errors import BuildError
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.graph import Attention, LayerNorm, Linear
from streamhw.numerics.element_format import integer_format
from tests.boards.targets import with_target
from tests.compiler.mapping.products import GPT2, TINY, one_engine, ops


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(
    ("config", "board"),
    [
        (TINY, with_target("sim", multipliers=32)),
        (TINY, with_target("ulx3s", multipliers=16)),
        (GPT2, load_board("sim")),
        (GPT2, load_board("u55c")),
        (GPT2, load_board("ulx3s")),
    ],
    ids=lambda x: getattr(x, "name", None),
)
def test_sizes_divide_what_they_cut(config: Gpt2Config, board: Board, bits: int) -> None:
    graph = gpt2_graph("m", config)
    group = 32 if bits == 4 else None
    assignments = one_engine(graph, bits, group)
    tiling = choose_tiling(graph, board, board.target, assignments)
    check_tiling(graph, board, assignments, tiling)
    engine = tiling.engines["e"]
    assert engine.multipliers == board.target.multipliers
    assert tiling.token_batch == min(board.target.token_batch, config.context)
    assert engine.rows % engine.lanes == 0
    for norm in ops(graph, LayerNorm):
        assert norm.features % tiling.lanes == 0
    for attention in ops(graph, Attention):
        assert attention.head_dim % tiling.attention_lanes == 0
    for linear in ops(graph, Linear):
        assert linear.inputs % engine.inputs == 0
        assert linear.outputs % engine.rows == 0 or linear.outputs == config.vocabulary
        assert linear.inputs * engine.rows * bits % board.beat_bits == 0
    assert group is None or group % engine.inputs == 0


def test_the_group_is_at_most_the_context() -> None:
    graph = gpt2_graph("m", replace(TINY, context=4))
    board = with_target("sim", multipliers=32)
    assert choose_tiling(graph, board, board.target, one_engine(graph, 4, 32)).token_batch == 4


def test_engines_have_their_own_sizes() -> None:
    """An engine need divide only the products that run on it."""
    graph = gpt2_graph("m", TINY)
    board = with_target("sim", multipliers=32)
    names = ("qkv", "attention_out", "hidden", "mlp_out")
    assignments = [EngineAssignment(f"e_{n}", integer_format(4, 32), (n,), ()) for n in names]
    assignments.append(EngineAssignment("e_logits", integer_format(8), (), ("logits",)))
    tiling = choose_tiling(graph, board, board.target, assignments)
    check_tiling(graph, board, assignments, tiling)
    assert {name: e.multipliers for name, e in tiling.engines.items()} == {
        b.instance: 32 for b in assignments
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engines": {}}, r"^Tiling must have sizes of the engines e, not of "),
        (
            {"token_batch": 64},
            r"^Tokens of a step must be at least 2 and at most the context of 32, not 64$",
        ),
        (
            {"engines": {"e": EngineTiling(rows=12, inputs=4, lanes=4)}},
            r"^Engine e must divide its products qkv, .*, not have 12 rows, 4 inputs and 4 lanes$",
        ),
    ],
)
def test_tilings_that_cannot_be_built(change: dict[str, object], message: str) -> None:
    graph, board = gpt2_graph("m", TINY), with_target("sim", multipliers=32)
    assignments = one_engine(graph, 4, 32)
    tiling = replace(choose_tiling(graph, board, board.target, assignments), **change)
    with pytest.raises(BuildError, match=message):
        check_tiling(graph, board, assignments, tiling)


@pytest.mark.parametrize(
    ("multipliers", "width", "lanes"), [(64, 512, 8), (32, 512, 4), (8, 512, 2), (64, 64, 2)]
)
def test_lanes_fit_engine_and_memory(multipliers: int, width: int, lanes: int) -> None:
    """A target of eight lanes: an engine has so many rows and columns, a beat as many words."""
    board = with_target("sim", multipliers=multipliers, lanes=8)
    board = replace(board, ports=(replace(board.ports[0], width=width),))
    graph = gpt2_graph("m", TINY)
    assert choose_tiling(graph, board, board.target, one_engine(graph, 8, None)).lanes == lanes
