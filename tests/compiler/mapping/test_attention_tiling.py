# SPDX-License-Identifier: Apache-2.0
"""Attention: lanes, heads and positions that keep up with the engine."""

from dataclasses import replace

from streamhw.boards.base import load_board
from streamhw.compiler.mapping.tiling import choose_tiling
from streamhw.frontend.gpt2 import gpt2_graph
from streamhw.graph import Linear
from tests.compiler.mapping.products import GPT2, one_engine, ops


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
    narrow = replace(board, ports=board.ports[:16], card=None)
    assert choose_tiling(graph, narrow, narrow.target, assignments).attention_positions == 1
