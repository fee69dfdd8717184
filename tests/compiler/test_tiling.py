# SPDX-License-Identifier: Apache-2.0
"""Tiling: the rule's choice on real shapes and boards, and where there is none."""

from dataclasses import replace

import pytest
from streamhw.boards.base import Board, load_board

from streamhw.compiler.tiling import choose_tiling, header_bytes
from streamhw.errors import BuildError
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.graph import Attention, Graph, LayerNorm, Linear

TINY = Gpt2Config(layers=2, features=32, heads=2, vocabulary=60, context=32, hidden=64)
GPT2 = Gpt2Config(layers=12, features=768, heads=12, vocabulary=50257, context=1024, hidden=3072)


def ops(graph: Graph, kind: type) -> list:
    return [node.op for node, _ in graph.walk() if isinstance(node.op, kind)]


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(
    ("config", "board"),
    [
        (TINY, replace(load_board("sim"), multipliers=32)),
        (TINY, replace(load_board("ulx3s"), multipliers=16)),
        (GPT2, load_board("sim")),
        (GPT2, load_board("u55c")),
        (GPT2, load_board("ulx3s")),
    ],
    ids=lambda x: getattr(x, "name", None),
)
def test_sizes_divide_what_they_cut(config: Gpt2Config, board: Board, bits: int) -> None:
    graph = gpt2_graph("m", config)
    group = 32 if bits == 4 else None
    tiling = choose_tiling(graph, board, bits, group)
    assert tiling.rows * tiling.inputs == board.multipliers
    assert tiling.group == min(board.group, config.context)
    assert tiling.rows % tiling.lanes == 0
    for norm in ops(graph, LayerNorm):
        assert norm.features % tiling.lanes == 0
    for attention in ops(graph, Attention):
        assert attention.head_dim % tiling.attention_lanes == 0
    for linear in ops(graph, Linear):
        assert linear.inputs % tiling.inputs == 0
        assert linear.outputs % tiling.rows == 0 or linear.outputs == config.vocabulary
        assert linear.inputs * tiling.rows * bits % board.beat_bits == 0
    assert group is None or group % tiling.inputs == 0


def test_many_rows_read_fewer_headers() -> None:
    """Of the shapes with as many multipliers, the one with the fewest beats a layer: with one
    header a tile, that is the tallest one that fits."""
    graph = gpt2_graph("m", GPT2)
    board = load_board("u55c")
    tiling = choose_tiling(graph, board, 8, None)
    assert (tiling.rows, tiling.inputs) == (64, 8)
    assert header_bytes(64, 0) == 512
    assert header_bytes(64, 24) == 2048


def test_attention_lanes_keep_up_at_full_context() -> None:
    graph = gpt2_graph("m", GPT2)
    board = load_board("u55c")
    lanes = choose_tiling(graph, board, 4, 64).attention_lanes
    macs = sum(o.inputs * o.outputs for o in ops(graph, Linear)[:-1]) // board.multipliers
    scores = 12 * 64 * 1024
    assert scores // lanes <= macs < scores // (lanes // 2)


@pytest.mark.parametrize(
    ("board", "bits", "group"),
    [
        (replace(load_board("sim"), multipliers=1024), 4, 32),
        (replace(load_board("sim"), multipliers=32), 4, 2),
    ],
)
def test_no_engine_divides(board: Board, bits: int, group: int) -> None:
    with pytest.raises(
        BuildError,
        match=rf"^Some engine of {board.multipliers} multipliers must divide the layers of m, "
        r"but none does on board sim$",
    ):
        choose_tiling(gpt2_graph("m", TINY), board, bits, group)


def test_the_group_is_at_most_the_context() -> None:
    graph = gpt2_graph("m", replace(TINY, context=4))
    board = replace(load_board("sim"), multipliers=32)
    assert choose_tiling(graph, board, 4, 32).group == 4
