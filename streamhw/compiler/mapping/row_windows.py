# SPDX-License-Identifier: Apache-2.0
"""The rows of attention of a whole design: which positions they have in each layer."""

from ...errors import BuildError
from ...graph import AttentionHeads, Graph
from ...kernels.kv_cache.spec import CacheLayout
from ...stream.control.row_windows import RowWindows
from .cache_layout import cache_layout, scale_layout
from .tiling import Tiling

__all__ = ["row_windows"]


def row_windows(graph: Graph, tiling: Tiling, beat_bits: int, cache_bits: int) -> RowWindows:
    """The rows of all attention nodes: a step has one length of each token's, so they are alike.

    cache_bits: of an element of keys and values in memory

    Raises   ``BuildError`` if they are not
    """
    found: dict[RowWindows, str] = {}
    for node, loop in graph.walk():
        op = node.op.attention
        if op is None:
            continue
        layers = 1 if loop is None else loop.trips
        layout = cache_layout(op, tiling, graph.context, layers, beat_bits, cache_bits)
        rows = _rows(op, layout, tiling.attention_positions)
        found.setdefault(rows, node.name)
    if len(found) > 1:
        first, other, *_ = found.values()
        raise BuildError(
            f"Attention {first} and {other} must have rows of the same positions, not windows of "
            "their own"
        )
    return next(iter(found), RowWindows())


def _rows(op: AttentionHeads, layout: CacheLayout, positions: int) -> RowWindows:
    """The rows of one node; one whose windows hide nothing has none."""
    turn, context = op.windows or (None,), layout.context
    widths = tuple(min(turn[n % len(turn)] or context, context) for n in range(layout.layers))
    if set(widths) == {context}:
        return RowWindows()
    scales = scale_layout(layout)
    together = max(layout.beat_rows, positions, 1 if scales is None else scales.beat_rows)
    return RowWindows(widths=widths, together=together)
