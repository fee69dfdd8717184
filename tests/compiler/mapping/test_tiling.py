# SPDX-License-Identifier: Apache-2.0
"""Tiling: the rule's choice on real shapes and boards, and where there is none."""

from dataclasses import replace

import pytest

from streamhw.boards.base import Board, load_board
from streamhw.compiler.mapping.engine_sharing import EngineAssignment
from streamhw.compiler.mapping.tiling import (
    EngineTiling,
    check_tiling,
    choose_tiling,
    is_legal,
    tile_scale_bytes,
)
from streamhw.errors import BuildError
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.graph import Attention, Graph, LayerNorm, Linear
from streamhw.numerics.element_format import integer_format
from tests.boards.targets import with_target

TINY = Gpt2Config(layers=2, features=32, heads=2, vocabulary=60, context=32, hidden=64)
GPT2 = Gpt2Config(layers=12, features=768, heads=12, vocabulary=50257, context=1024, hidden=3072)


def ops(graph: Graph, kind: type) -> list:
    return [node.op for node, _ in graph.walk() if isinstance(node.op, kind)]


def one_engine(graph: Graph, bits: int, group: int | None) -> list[EngineAssignment]:
    """All products on one engine."""
    names = [(n.name, loop) for n, loop in graph.walk() if isinstance(n.op, Linear)]
    body = tuple(name for name, loop in names if loop is not None)
    tail = tuple(name for name, loop in names if loop is None)
    return [EngineAssignment("e", integer_format(bits, group), body, tail)]


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


def test_many_rows_read_fewer_headers() -> None:
    """Of the shapes with as many multipliers, the one with the fewest beats a layer: with one
    header a tile, that is the tallest one that fits."""
    graph = gpt2_graph("m", GPT2)
    board = load_board("u55c")
    engine = choose_tiling(graph, board, board.target, one_engine(graph, 8, None)).engines["e"]
    assert (engine.rows, engine.inputs) == (128, 32)
    assert tile_scale_bytes(64, 0) == 512
    assert tile_scale_bytes(64, 24) == 2048


def test_attention_lanes_keep_up_at_full_context() -> None:
    graph = gpt2_graph("m", GPT2)
    board = load_board("u55c")
    tiling = choose_tiling(graph, board, board.target, one_engine(graph, 4, 64))
    lanes = tiling.attention_lanes * tiling.attention_heads
    macs = sum(o.inputs * o.outputs for o in ops(graph, Linear)[:-1]) // board.target.multipliers
    scores = 12 * 64 * 1024
    assert tiling.attention_lanes == 64
    assert scores // lanes <= macs < scores // (lanes // 2)


def test_positions_keep_scores_and_values_within_the_matmuls_time() -> None:
    """With all heads, as many as needed and a memory beat has."""
    graph, board = gpt2_graph("m", GPT2), load_board("u55c")
    assignments = one_engine(graph, 4, 64)
    tiling = choose_tiling(graph, board, board.target, assignments)
    assert (tiling.attention_heads, tiling.attention_positions, tiling.attention_fabric) == (
        12,
        2,
        1,
    )
    longer = gpt2_graph("m", replace(GPT2, context=4096))
    assert choose_tiling(longer, board, board.target, assignments).attention_positions == 2
    odd = gpt2_graph("m", replace(GPT2, context=1001))
    assert choose_tiling(odd, board, board.target, assignments).attention_positions == 1
    narrow = replace(board, ports=board.ports[:16])
    assert choose_tiling(graph, narrow, narrow.target, assignments).attention_positions == 1


@pytest.mark.parametrize(
    ("board", "bits", "group"),
    [
        (with_target("sim", multipliers=1024), 4, 32),
        (with_target("sim", multipliers=32), 4, 2),
    ],
)
def test_no_engine_divides(board: Board, bits: int, group: int) -> None:
    with pytest.raises(
        BuildError,
        match=rf"^Some engine of {board.target.multipliers} multipliers and 4 lanes must divide "
        r"the layers of m, but none does on board sim$",
    ) as caught:
        graph = gpt2_graph("m", TINY)
        choose_tiling(graph, board, board.target, one_engine(graph, bits, group))
    legal = {32: "there are engines of 16, 32, 64, 128 multipliers", 2: None}
    assert caught.value.hint == legal[group]


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


def test_rows_keep_chunks_whole() -> None:
    """qkv has 96 outputs in three chunks: a tile of 32 is a chunk, one of 48 is not."""
    graph = gpt2_graph("m", TINY)
    (binding,) = (EngineAssignment("e", integer_format(8), ("qkv",), ()),)
    assert is_legal(graph, binding, EngineTiling(rows=32, inputs=4, lanes=4), 512)
    assert not is_legal(graph, binding, EngineTiling(rows=96, inputs=4, lanes=4), 512)
    assert not is_legal(graph, binding, EngineTiling(rows=32, inputs=4, lanes=3), 512)
    assert not is_legal(graph, binding, EngineTiling(rows=32, inputs=64, lanes=4), 512)


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
