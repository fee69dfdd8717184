# SPDX-License-Identifier: Apache-2.0
"""Engines: what divides, and the one with the fewest beats of parameters."""

from dataclasses import replace

import pytest

from streamhw.boards.base import Board, load_board
from streamhw.compiler.mapping.engine_sharing import EngineAssignment
from streamhw.compiler.mapping.engine_tiling import EngineTiling, is_legal, tile_scale_bytes
from streamhw.compiler.mapping.tiling import choose_tiling
from streamhw.errors import BuildError
from streamhw.frontend.gpt2 import gpt2_graph
from streamhw.numerics.element_format import integer_format
from tests.boards.targets import with_target
from tests.compiler.mapping.products import GPT2, TINY, one_engine


def test_many_rows_read_fewer_tile_scales() -> None:
    """Of the shapes with as many multipliers, the one with the fewest beats a layer: with one
    set of scales a tile, that is the tallest one that fits."""
    graph = gpt2_graph("m", GPT2)
    board = load_board("u55c")
    engine = choose_tiling(graph, board, board.target, one_engine(graph, 8, None)).engines["e"]
    assert (engine.rows, engine.inputs) == (128, 32)
    assert tile_scale_bytes(64, 0) == 512
    assert tile_scale_bytes(64, 24) == 2048


def test_fewer_multipliers_where_none_of_so_many_divide() -> None:
    """A board says how many it has, whatever the model: not an error of whoever names both."""
    graph, board = gpt2_graph("m", TINY), with_target("sim", multipliers=1024)
    assignments = one_engine(graph, 4, 32)
    tiling = choose_tiling(graph, board, board.target, assignments, fewer_multipliers=True)
    wanted = replace(board.target, multipliers=128)
    assert tiling.engines == choose_tiling(graph, board, wanted, assignments).engines
    with pytest.raises(BuildError, match=r"^Some engine of 1024 multipliers and 4 lanes must"):
        impossible = one_engine(graph, 4, 2)
        choose_tiling(graph, board, board.target, impossible, fewer_multipliers=True)


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


def test_rows_keep_chunks_whole() -> None:
    """qkv has 96 outputs in three chunks: a tile of 32 is a chunk, one of 48 is not."""
    graph = gpt2_graph("m", TINY)
    (assignment,) = (EngineAssignment("e", integer_format(8), ("qkv",), ()),)
    assert is_legal(graph, assignment, EngineTiling(rows=32, inputs=4, lanes=4), 512)
    assert not is_legal(graph, assignment, EngineTiling(rows=96, inputs=4, lanes=4), 512)
    assert not is_legal(graph, assignment, EngineTiling(rows=32, inputs=4, lanes=3), 512)
    assert not is_legal(graph, assignment, EngineTiling(rows=32, inputs=64, lanes=4), 512)
