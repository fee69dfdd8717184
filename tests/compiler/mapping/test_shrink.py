# SPDX-License-Identifier: Apache-2.0
"""The next smaller sizes: what goes first, what was asked for, and when nothing is left."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from streamhw.boards.base import Board, load_board
from streamhw.compiler.mapping.engine_sharing import EngineAssignment
from streamhw.compiler.mapping.shrink import Shortage, smaller
from streamhw.compiler.mapping.tiling import Tiling, check_tiling, choose_tiling
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.graph import Graph, Linear
from streamhw.numerics.element_format import integer_format
from tests.boards.targets import with_target

TINY = Gpt2Config(layers=2, features=32, heads=2, vocabulary=60, context=32, hidden=64)
GPT2 = Gpt2Config(layers=12, features=768, heads=12, vocabulary=50257, context=1024, hidden=3072)


def one_engine(graph: Graph, bits: int, group: int | None) -> list[EngineAssignment]:
    """All products on one engine."""
    names = [(n.name, loop) for n, loop in graph.walk() if isinstance(n.op, Linear)]
    body = tuple(name for name, loop in names if loop is not None)
    tail = tuple(name for name, loop in names if loop is None)
    return [EngineAssignment("e", integer_format(bits, group), body, tail)]


def sizes(
    graph: Graph, board: Board, bits: int, group: int | None, short: Shortage
) -> Iterator[Tiling]:
    """The chosen tiling and all smaller ones, each of which can be built."""
    assignments = one_engine(graph, bits, group)
    tiling: Tiling | None = choose_tiling(graph, board, board.target, assignments)
    while tiling is not None:
        check_tiling(graph, board, assignments, tiling)
        yield tiling
        tiling = smaller(graph, board, assignments, tiling, short)


def tiny(**short: Any) -> list[tuple[int, int]]:
    """Multipliers and tokens of a step of what is tried for a tiny model."""
    graph, board = gpt2_graph("m", TINY), with_target("sim", multipliers=32)
    tilings = sizes(graph, board, 4, 32, Shortage(**short))
    return [(t.engines["e"].multipliers, t.token_batch) for t in tilings]


def test_smaller_until_nothing_is_left() -> None:
    """Engines first, then tokens; what is asked for by name alone."""
    assert tiny() == [(32, 8), (16, 8), (16, 4), (16, 2)]
    assert tiny(part="e") == [(32, 8), (16, 8)]


def test_values_between_kernels_need_fewer_tokens_first() -> None:
    assert tiny(between=True) == [(32, 8), (32, 4), (32, 2), (16, 2)]


def test_sizes_that_were_asked_for_stay() -> None:
    assert tiny(keep_multipliers=True) == [(32, 8), (32, 4), (32, 2)]
    assert tiny(keep_batch=True) == [(32, 8), (16, 8)]
    assert tiny(keep_batch=True, keep_multipliers=True, between=True) == [(32, 8)]


def test_attention_gets_fewer_heads_and_lanes() -> None:
    graph, board = gpt2_graph("m", TINY), with_target("sim", multipliers=32)
    short = Shortage(part="scores", node="attention")
    lanes = [t.attention_lanes for t in sizes(graph, board, 4, 32, short)]
    assert lanes == [lanes[0] >> n for n in range(len(lanes))] and lanes[-1] == 1


def test_positions_side_by_side_go_first() -> None:
    """Whatever there is no room for; half of what is made of LUTs goes with them."""
    first, second, *_ = sizes(gpt2_graph("m", GPT2), load_board("u55c"), 4, 64, Shortage())
    assert first.attention_positions == 2
    assert second == replace(first, attention_positions=1, attention_fabric=0)


def test_token_lanes_go_before_multipliers() -> None:
    """Weights, not tokens, limit answers."""
    wide = replace(TINY, features=128, hidden=256, heads=4, vocabulary=128)
    graph = gpt2_graph("m", wide)
    board = with_target("sim", multipliers=1024, token_lanes=4, lanes=8)
    found = [
        (t.engines["e"].token_lanes, t.engines["e"].multipliers)
        for t in sizes(graph, board, 8, None, Shortage(keep_batch=True))
    ]
    assert found == [(4, 1024), (2, 1024), (1, 1024), (1, 512), (1, 256), (1, 128), (1, 64)]
