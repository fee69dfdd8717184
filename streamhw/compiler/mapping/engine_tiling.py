# SPDX-License-Identifier: Apache-2.0
"""Sizes of one matmul engine, and the rule that chooses them."""

from dataclasses import dataclass
from math import ceil

from ...boards.base import Board
from ...errors import BuildError
from ...graph.graph import Graph
from ...graph.ops import MatrixProduct
from ...quantization.quantized_model import AFFINE_BYTES
from ...stream.loop_order import LoopOrder
from .engine_sharing import EngineAssignment, product_of
from .sizes import divides, powers

__all__ = [
    "EngineTiling",
    "best_engine",
    "choose_engine",
    "is_legal",
    "product_beats",
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


def tile_scale_bytes(rows: int, groups: int) -> int:
    """Bytes of the scales of a tile of ``rows`` outputs, with so many a row for its groups."""
    return rows * (AFFINE_BYTES + groups)


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
        and divides(rows * inputs * bits, beat_bits)
        and divides(rows * 8, beat_bits)
        and all(op.inputs * rows * bits % beat_bits == 0 for _, op in products)
    )


def choose_engine(
    graph: Graph,
    board: Board,
    assignment: EngineAssignment,
    multipliers: int,
    lanes: int,
    *,
    fewer: bool = False,
) -> EngineTiling:
    """The engine of so many multipliers and lanes with the fewest beats of parameters.

    fewer: whether it may be one of the next smaller number of which there is one

    Raises   ``BuildError`` if there is none; its hint names numbers of which there are
    """
    counts = reversed(powers(1, multipliers)) if fewer else [multipliers]
    engines = (best_engine(graph, board, assignment, n, lanes) for n in counts)
    found = next((engine for engine in engines if engine is not None), None)
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


def product_beats(
    op: MatrixProduct, rows: int, assignment: EngineAssignment, beat_bits: int
) -> int:
    """Memory beats of the parameters of one product in tiles of ``rows``."""
    groups = assignment.weights.group_bytes(op.inputs)
    scales = ceil(tile_scale_bytes(rows, groups) * 8 / beat_bits)
    weights = ceil(rows * op.inputs * assignment.weights.bits / beat_bits)
    return ceil(op.outputs / rows) * (scales + weights)
