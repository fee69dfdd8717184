# SPDX-License-Identifier: Apache-2.0
"""Sizes of all kernels, and a rule that chooses them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import gcd

from ...boards.base import Board
from ...boards.target import DesignTarget
from ...errors import BuildError
from ...frozen_map import freeze
from ...graph.graph import Graph
from .attention_tiling import (
    attention_fabric,
    attention_sizes,
    halves_of,
    head_groups,
    rows_of_a_beat,
)
from .engine_sharing import EngineAssignment
from .engine_tiling import EngineTiling, choose_engine, is_legal
from .sizes import powers

__all__ = ["Tiling", "check_tiling", "choose_tiling", "row_lanes"]

STORED_BITS = 32
"""Of the widest elements of a table in memory: cosine and sine of a pair of features."""


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """Sizes of all kernels.

    token_batch: tokens of a step (T)
    lanes: elements a beat of the row-wise kernels (L)
    attention_lanes: elements of a head a cycle in scores and values
    attention_heads: query heads that pass attention in parallel; more than one of them have
        whole heads as lanes
    attention_positions: positions that pass attention in parallel; more than one have whole heads
        as lanes
    attention_fabric: the last of them, whose products with values are made of LUTs
    engines: by instance of an engine
    node_lanes: by graph node, where a row-wise kernel has other lanes than ``lanes``
    """

    token_batch: int
    lanes: int
    attention_lanes: int
    attention_heads: int = 1
    attention_positions: int = 1
    attention_fabric: int = 0
    engines: Mapping[str, EngineTiling] = field(default_factory=dict)
    node_lanes: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        freeze(self, "engines", "node_lanes")

    def lanes_of(self, node: str) -> int:
        """Lanes of the row-wise kernel of a graph node."""
        return self.node_lanes.get(node, self.lanes)

    def head_lanes(self, head_dim: int) -> int:
        """Lanes of what passes rows of one head: at most the row."""
        return gcd(self.lanes, head_dim)


def choose_tiling(
    graph: Graph,
    board: Board,
    target: DesignTarget,
    assignments: Sequence[EngineAssignment],
    cache_bits: int = 8,
    *,
    fewer_multipliers: bool = False,
) -> Tiling:
    """The tiling for a model on a board, by a rule.

    cache_bits: of an element of keys and values in memory
    fewer_multipliers: whether an engine may have fewer than the target's, where none of so many
        divides its layers

    Chooses  lanes: the target's, as far as they divide every row and head, an engine has as many
             rows and columns, and a memory beat has as many elements of a table;
             of each engine, rows x inputs = the target's multipliers, with the fewest beats of
             parameters (scales of each tile favor many rows), smallest ``inputs`` on ties; token
             lanes as the target has them, up to the tokens of a step;
             attention: the fewest lanes, then the fewest parallel heads, that keep scores
             within the matmuls' time in the longest rows; with all heads, the fewest positions that
             keep scores and values there, one after the other, if a memory beat has as many
    Raises   ``BuildError`` if no shape of an engine divides the layers that are assigned to it
    """
    lanes = _fitting(row_lanes(graph, target.lanes), target.multipliers, board.beat_bits)
    group = min(target.token_batch, graph.context)
    engines = {
        b.instance: replace(
            choose_engine(graph, board, b, target.multipliers, lanes, fewer=fewer_multipliers),
            token_lanes=(tokens := powers(1, min(target.token_lanes, group))[-1]),
            fabric_lanes=max(0, target.fabric_lanes - target.token_lanes + tokens),
            paired=board.paired,
        )
        for b in assignments
    }
    body = [
        node.op.product
        for node, loop in graph.walk()
        if loop is not None and node.op.product is not None
    ]
    macs = sum(product.inputs * product.outputs for product in body) // target.multipliers
    attention, heads, positions = lanes, 1, 1
    beat = board.beat_bits // cache_bits
    for node, _ in graph.walk():
        op = node.op.attention
        if op is None:
            continue
        sizes = attention_sizes(op, beat, lanes, halves_of(graph))
        longest = op.longest(graph.context)
        work = op.heads * op.head_dim * longest
        enough = [s for s in sizes if work // s <= macs]
        attention = max(attention, min(enough, default=sizes[-1]))
        if not enough and attention == op.head_dim:
            tiles = [engine.rows for engine in engines.values()]
            together = head_groups(op, beat, tiles)
            enough = [n for n in together if work // (n * op.head_dim) <= macs]
            heads = max(heads, min(enough, default=together[-1]))
            if heads == op.heads:
                rows = rows_of_a_beat(op, beat, graph.context)
                enough = [n for n in rows if 2 * longest // n <= macs]
                positions = max(positions, min(enough, default=rows[-1]))
    return Tiling(
        token_batch=group,
        lanes=lanes,
        attention_lanes=attention,
        attention_heads=heads,
        attention_positions=positions,
        attention_fabric=attention_fabric(target, positions),
        engines=engines,
    )


def row_lanes(graph: Graph, wanted: int) -> int:
    """``wanted`` lanes, as far as they divide every row and head."""
    sizes = [size for node, _ in graph.walk() for size in node.op.row_sizes]
    return gcd(wanted, *sizes)


def _fitting(lanes: int, multipliers: int, beat_bits: int) -> int:
    """The most lanes that divide ``lanes``, of which an engine has rows and columns, and in which a
    memory beat can be cut."""
    return max(
        n
        for n in range(1, lanes + 1)
        if lanes % n == 0 and n * n <= multipliers and beat_bits % (n * STORED_BITS) == 0
    )


def check_tiling(
    graph: Graph, board: Board, assignments: Sequence[EngineAssignment], tiling: Tiling
) -> None:
    """Raises ``BuildError`` for the first size that cannot be built."""
    names = [b.instance for b in assignments]
    if sorted(names) != sorted(tiling.engines):
        raise BuildError(
            f"Tiling must have sizes of the engines {', '.join(names)}, not of "
            f"{', '.join(tiling.engines)}"
        )
    if not 2 <= tiling.token_batch <= graph.context:
        raise BuildError(
            f"Tokens of a step must be at least 2 and at most the context of {graph.context}, "
            f"not {tiling.token_batch}"
        )
    for assignment in assignments:
        engine = tiling.engines[assignment.instance]
        if not is_legal(graph, assignment, engine, board.beat_bits):
            raise BuildError(
                f"Engine {assignment.instance} must divide its products "
                f"{', '.join(assignment.nodes)} "
                f"and beats of {board.beat_bits} bits, not have {engine.rows} rows, "
                f"{engine.inputs} inputs and {engine.lanes} lanes"
            )
