# SPDX-License-Identifier: Apache-2.0
"""Sizes of the kernels, each engine's own among them, and a rule that chooses them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, gcd

from ...boards.base import Board
from ...boards.target import DesignTarget
from ...errors import BuildError
from ...frozen_map import freeze
from ...graph.graph import Graph
from ...graph.ops import AttentionHeads, MatrixProduct
from ...quantization.quantized_model import AFFINE_BYTES
from ...stream.loop_order import LoopOrder
from .engine_sharing import EngineAssignment, product_of

__all__ = [
    "EngineTiling",
    "Tiling",
    "attention_fabric",
    "attention_sizes",
    "best_engine",
    "check_tiling",
    "choose_engine",
    "choose_tiling",
    "halves_of",
    "head_groups",
    "is_legal",
    "parallel_heads",
    "powers",
    "product_beats",
    "row_lanes",
    "tile_scale_bytes",
]

MOST_TRIED = 1 << 14
"""Multipliers up to which a refusal looks for engines that there are."""


@dataclass(frozen=True, kw_only=True)
class EngineTiling:
    """Sizes of one matmul engine.

    rows, inputs: outputs and inputs of a product that it multiplies a cycle (R, K)
    lanes: results that leave it a cycle
    token_lanes: tokens that meet a weight in one cycle (V)
    fabric_lanes: those of them that multiply in LUTs
    paired: whether two rows share their multipliers, as wide ones can
    loop_order: of the loops below that over output tiles, the one that turns fastest
    """

    rows: int
    inputs: int
    lanes: int
    token_lanes: int = 1
    fabric_lanes: int = 0
    paired: bool = False
    loop_order: LoopOrder = LoopOrder.WEIGHT_STATIONARY

    def __str__(self) -> str:
        tokens = f"x{self.token_lanes}" if self.token_lanes > 1 else ""
        order = ", output stationary" if self.loop_order is LoopOrder.OUTPUT_STATIONARY else ""
        return f"{self.rows}x{self.inputs}{tokens}>{self.lanes}{order}"

    @property
    def multipliers(self) -> int:
        """Weights that it takes a cycle."""
        return self.rows * self.inputs


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


def tile_scale_bytes(rows: int, groups: int) -> int:
    """Bytes of the scales of a tile of ``rows`` outputs, with one a row and group."""
    return rows * (AFFINE_BYTES + groups)


def choose_tiling(
    graph: Graph, board: Board, target: DesignTarget, assignments: Sequence[EngineAssignment]
) -> Tiling:
    """The tiling for a model on a board, by a rule.

    Chooses  lanes: the target's, as far as they divide every row and head;
             of each engine, rows x inputs = the target's multipliers, with the fewest beats of
             parameters (scales of each tile favor many rows), smallest ``inputs`` on ties; token
             lanes as the target has them, up to the tokens of a step;
             attention: the fewest lanes, then the fewest parallel heads, that keep scores
             within the matmuls' time in the longest rows; with all heads, the fewest positions that
             keep scores and values there, one after the other, if a memory beat has as many
    Raises   ``BuildError`` if no shape of an engine divides the layers that are assigned to it
    """
    lanes = row_lanes(graph, target.lanes)
    group = min(target.token_batch, graph.context)
    engines = {
        b.instance: replace(
            choose_engine(graph, board, b, target.multipliers, lanes),
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
    for node, _ in graph.walk():
        op = node.op.attention
        if op is None:
            continue
        sizes = attention_sizes(op, board.beat_bits, lanes, halves_of(graph))
        longest = op.longest(graph.context)
        work = op.heads * op.head_dim * longest
        enough = [s for s in sizes if work // s <= macs]
        attention = max(attention, min(enough, default=sizes[-1]))
        if not enough and attention == op.head_dim:
            tiles = [engine.rows for engine in engines.values()]
            together = head_groups(op, board.beat_bits, tiles)
            enough = [n for n in together if work // (n * op.head_dim) <= macs]
            heads = max(heads, min(enough, default=together[-1]))
            if heads == op.heads:
                rows = _rows_of_a_beat(op, board.beat_bits, graph.context)
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


def attention_sizes(
    op: AttentionHeads, beat_bits: int, lanes: int, halves: Collection[int]
) -> list[int]:
    """Elements of a head that may pass a cycle, ascending: a memory beat or a power of two times
    the row-wise lanes in it, where heads fill memory beats without gaps; else the whole head.

    halves: of rows that are made half by half, as rotary embeddings do: none lies across two
    halves in part
    """
    beat, head = beat_bits // 8, op.head_dim
    if head % beat and head & (head - 1):
        return [head]
    return [
        s
        for s in powers(lanes, min(head, beat))
        if head % s == 0 == beat % s and all(_divides(s, half) for half in halves)
    ] or [head]


def halves_of(graph: Graph) -> frozenset[int]:
    """Sizes of the halves of rows that are made half by half."""
    return frozenset(half for node, _ in graph.walk() for half in node.op.half_rows)


def attention_fabric(target: DesignTarget, positions: int) -> int:
    """Positions whose products are made of LUTs: half of them, where the engines of the target have
    such lanes, too, since multipliers are short."""
    return positions // 2 if target.fabric_lanes else 0


def parallel_heads(
    ops: Sequence[AttentionHeads], beat_bits: int, context: int
) -> tuple[tuple[int, int], ...]:
    """Heads and positions that may pass attention in parallel, with whole heads as lanes."""
    groups = set.intersection(*(set(head_groups(op, beat_bits, ())) for op in ops))
    found: list[tuple[int, int]] = []
    for heads in sorted(groups):
        positions = {1}
        if all(op.heads == heads for op in ops):
            rows = (set(_rows_of_a_beat(op, beat_bits, context)) for op in ops)
            positions = set.intersection(*rows)
        found += [(heads, n) for n in sorted(positions)]
    return tuple(found)


def row_lanes(graph: Graph, wanted: int) -> int:
    """``wanted`` lanes, as far as they divide every row and head."""
    sizes = [size for node, _ in graph.walk() for size in node.op.row_sizes]
    return gcd(wanted, *sizes)


def is_legal(
    graph: Graph, assignment: EngineAssignment, engine: EngineTiling, beat_bits: int
) -> bool:
    """Whether the engine divides its products, and memory beats its words."""
    rows, inputs, bits = engine.rows, engine.inputs, assignment.weights.bits
    products = [(name, product_of(graph, name)) for name in assignment.nodes]
    return (
        rows % engine.lanes == 0
        and (assignment.weights.scale_group or inputs) % inputs == 0
        and all(op.inputs % inputs == 0 for _, op in products)
        and all(op.inputs % (assignment.weights.scale_group or 1) == 0 for _, op in products)
        and all(_part(graph, name) % rows == 0 for name in assignment.body)
        and _divides(rows * inputs * bits, beat_bits)
        and _divides(rows * 8, beat_bits)
        and all(op.inputs * rows * bits % beat_bits == 0 for _, op in products)
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


def head_groups(op: AttentionHeads, beat_bits: int, tiles: Iterable[int]) -> list[int]:
    """Numbers of heads that may pass in parallel: their rows fit a memory beat, and no tile of an
    engine's outputs, of ``tiles`` rows, lies across two groups of them."""

    def whole(heads: int) -> bool:
        row = heads * op.head_dim
        return all(row % tile == 0 or tile % row == 0 for tile in tiles)

    return [
        n
        for n in range(1, op.heads + 1)
        if n == 1
        or (
            op.heads % n == 0
            and n % op.shared == 0
            and n // op.shared * op.head_dim * 8 <= beat_bits
            and whole(n)
            and whole(n // op.shared)
        )
    ]


def _rows_of_a_beat(op: AttentionHeads, beat_bits: int, context: int) -> list[int]:
    """Numbers of positions that may pass in parallel with all heads: a memory beat has their rows,
    each padded to a power of two, and the context is a number of them."""
    row = 1 << (op.kv_heads * op.head_dim * 8 - 1).bit_length()
    return [n for n in powers(1, max(1, beat_bits // row)) if context % n == 0]


def powers(lowest: int, highest: int) -> list[int]:
    """``lowest``, its double and so on, up to ``highest``; at least one."""
    sizes = [lowest]
    while sizes[-1] * 2 <= highest:
        sizes.append(sizes[-1] * 2)
    return sizes


def choose_engine(
    graph: Graph, board: Board, assignment: EngineAssignment, multipliers: int, lanes: int
) -> EngineTiling:
    """The engine of so many multipliers and lanes with the fewest beats of parameters.

    Raises   ``BuildError`` if there is none; its hint names numbers of which there are
    """
    found = best_engine(graph, board, assignment, multipliers, lanes)
    if found is None:
        others = [
            str(n)
            for n in powers(1, max(MOST_TRIED, multipliers))
            if best_engine(graph, board, assignment, n, lanes) is not None
        ]
        raise BuildError(
            f"Some engine of {multipliers} multipliers and {lanes} lanes must divide the layers of "
            f"{graph.name}, but none does on board {board.name}",
            hint=f"there are engines of {', '.join(others)} multipliers" if others else None,
        )
    return found


def best_engine(
    graph: Graph, board: Board, assignment: EngineAssignment, multipliers: int, lanes: int
) -> EngineTiling | None:
    """The engine that ``choose_engine`` gives, if there is one."""
    best: tuple[int, int, EngineTiling] | None = None
    for inputs in powers(lanes, multipliers):
        engine = EngineTiling(rows=multipliers // inputs, inputs=inputs, lanes=lanes)
        if (
            engine.rows >= inputs
            and is_legal(graph, assignment, engine, board.beat_bits)
            # The drain of a tile must not take longer than the next tile's multiplications.
            and all(
                engine.rows // lanes <= product_of(graph, name).inputs // inputs
                for name in assignment.nodes
            )
        ):
            beats = sum(
                product_beats(product_of(graph, name), engine.rows, assignment, board.beat_bits)
                for name in assignment.body
            )
            if best is None or (beats, inputs) < best[:2]:
                best = (beats, inputs, engine)
    return None if best is None else best[2]


def _part(graph: Graph, name: str) -> int:
    """Outputs of a product that stay together: a chunk, if its result is cut into chunks."""
    parts = [part.parts for r in graph.readers(name) if (part := r.op.row_part) is not None]
    return product_of(graph, name).outputs // max(parts, default=1)


def _divides(a: int, b: int) -> bool:
    return a % b == 0 or b % a == 0


def product_beats(
    op: MatrixProduct, rows: int, assignment: EngineAssignment, beat_bits: int
) -> int:
    """Memory beats of the parameters of one product in tiles of ``rows``."""
    groups = assignment.weights.groups(op.inputs)
    scales = ceil(tile_scale_bytes(rows, groups) * 8 / beat_bits)
    weights = ceil(rows * op.inputs * assignment.weights.bits / beat_bits)
    return ceil(op.outputs / rows) * (scales + weights)
