# SPDX-License-Identifier: Apache-2.0
"""Matrix products: headers and weights tile by tile, as many as their engine has tiles."""

from streamhw.compiler.layers.linear import LINEAR
from tests.compiler.layers.placed import Placed, check_segments


def test_tiles_fill_their_beats(families: tuple[Placed, ...]) -> None:
    assert check_segments(families[0], LINEAR) == 5
    assert check_segments(families[1], LINEAR) >= 5


def test_a_tile_of_outputs_is_a_turn(families: tuple[Placed, ...]) -> None:
    placed = families[0]
    engines = {n: a.instance for a in placed.context.assignments for n in a.nodes}
    for node, _ in placed.nodes(LINEAR):
        segments = LINEAR.memory.segments(placed.context, node)
        engine = placed.context.tiling.engines[engines[node.name]]
        assert segments.repeat == -(-node.op.outputs // engine.rows)
        assert segments.ahead == 1  # a tile's header stands in front of the weights before it
