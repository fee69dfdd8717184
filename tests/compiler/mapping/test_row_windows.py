# SPDX-License-Identifier: Apache-2.0
"""Rows of attention of whole designs: widths by layer, and what is read together."""

from dataclasses import replace

import pytest

from streamhw.compiler.mapping.row_windows import row_windows
from streamhw.compiler.mapping.tiling import Tiling
from streamhw.errors import BuildError
from streamhw.frontend.decoder import decoder_graph
from streamhw.graph import Attention, Graph, RolledLoop
from streamhw.stream.control.row_windows import RowWindows
from tests.tiny import TINY_LLAMA

TILING = Tiling(token_batch=4, lanes=4, attention_lanes=8)
PARALLEL = replace(TILING, attention_heads=4, attention_positions=8)


@pytest.mark.parametrize(
    ("windows", "tiling", "expected"),
    [
        ((), TILING, RowWindows()),
        ((None,), TILING, RowWindows()),
        ((32, 99), PARALLEL, RowWindows()),
        ((8,), TILING, RowWindows(widths=(8, 8, 8), together=4)),
        ((8, None), TILING, RowWindows(widths=(8, 32, 8), together=4)),
        ((99, 5, 8), PARALLEL, RowWindows(widths=(32, 5, 8), together=8)),
    ],
)
def test_widths_and_positions_together(
    windows: tuple[int | None, ...], tiling: Tiling, expected: RowWindows
) -> None:
    """Rows of 8 bytes, or, of all heads, of 16, in memory beats of 32 bytes."""
    graph = decoder_graph("m", replace(TINY_LLAMA, layers=3, windows=windows))
    assert row_windows(graph, tiling, 256, 8) == expected


def test_rows_of_one_step_are_alike() -> None:
    graph = decoder_graph("m", replace(TINY_LLAMA, windows=(8,)))
    (loop,) = (item for item in graph.nodes if isinstance(item, RolledLoop))
    (place,) = (n for n, node in enumerate(loop.body) if isinstance(node.op, Attention))
    node = loop.body[place]
    assert isinstance(node.op, Attention)
    other = replace(node, name="other", op=replace(node.op, windows=()))
    body = (*loop.body[: place + 1], other, *loop.body[place + 1 :])
    body = tuple(replace(n, inputs=("other",)) if n.inputs == ("attention",) else n for n in body)
    body = tuple(
        replace(n, inputs=("attention", *n.inputs[1:])) if n.name == "other" else n for n in body
    )
    nodes = tuple(replace(loop, body=body) if item is loop else item for item in graph.nodes)
    both = Graph(name="m", context=32, vocabulary=60, nodes=nodes)
    with pytest.raises(BuildError, match=r"^Attention attention and other must have rows of the "):
        row_windows(both, TILING, 256, 8)
