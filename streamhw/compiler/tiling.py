# SPDX-License-Identifier: Apache-2.0
"""Sizes of the kernels: rows, lanes and token group, by a rule from the board's numbers."""

from dataclasses import dataclass
from math import ceil, gcd

from ..boards.base import Board
from ..errors import BuildError
from ..graph.graph import Graph
from ..graph.ops import Attention, LayerNorm, Linear

__all__ = ["Tiling", "choose_tiling", "header_bytes"]


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """Sizes that all lowering rules share.

    group: tokens of a step (T)
    lanes: elements a beat of the row-wise kernels (L)
    rows, inputs: outputs and inputs of the matmul engine a cycle (R, K)
    attention_lanes: elements of a head a cycle in scores and values
    prefetch: beats of parameters that may wait on chip
    """

    group: int
    lanes: int
    rows: int
    inputs: int
    attention_lanes: int
    prefetch: int


def header_bytes(rows: int, groups: int) -> int:
    """Bytes of the header of a tile of ``rows`` outputs: 8 a row, and one a row and group."""
    return rows * (8 + groups)


def choose_tiling(graph: Graph, board: Board, weight_bits: int, group: int | None) -> Tiling:
    """The tiling for a model on a board.

    Chooses  lanes: the board's, as far as they divide every row and head;
             rows x inputs = the board's multipliers, with the fewest beats of parameters a layer
             (a header a tile favours many rows), smallest ``inputs`` on ties;
             attention lanes: the fewest that keep scores within the matmuls' time at full context
    Raises   ``BuildError`` if no shape of the engine divides the model's layers
    """
    linears = [node.op for node, _ in graph.walk() if isinstance(node.op, Linear)]
    body = [
        node.op for node, loop in graph.walk() if loop is not None and isinstance(node.op, Linear)
    ]
    norms = [node.op.features for node, _ in graph.walk() if isinstance(node.op, LayerNorm)]
    heads = [node.op for node, _ in graph.walk() if isinstance(node.op, Attention)]
    lanes = gcd(board.lanes, *norms, *(op.inputs for op in linears), *(h.head_dim for h in heads))
    best: tuple[int, int, int] | None = None
    for inputs in _powers(lanes, board.multipliers):
        rows = board.multipliers // inputs
        if _fits(body, linears, rows, inputs, lanes, weight_bits, group, board.beat_bits):
            beats = sum(_beats(op, rows, weight_bits, group, board.beat_bits) for op in body)
            best = min(best or (beats, inputs, rows), (beats, inputs, rows))
    if best is None:
        raise BuildError(
            f"Some engine of {board.multipliers} multipliers must divide the layers of "
            f"{graph.name}, but none does on board {board.name}"
        )
    _, inputs, rows = best
    macs = sum(op.inputs * op.outputs for op in body) // board.multipliers
    attention = max(
        (
            min(
                (
                    s
                    for s in _powers(lanes, min(h.head_dim, board.beat_bits // 8))
                    if h.heads * h.head_dim * graph.context // s <= macs
                ),
                default=min(h.head_dim, board.beat_bits // 8),
            )
            for h in heads
        ),
        default=lanes,
    )
    return Tiling(
        group=min(board.group, graph.context),
        lanes=lanes,
        rows=rows,
        inputs=inputs,
        attention_lanes=attention,
        prefetch=512,
    )


def _powers(lowest: int, highest: int) -> list[int]:
    sizes = [lowest]
    while sizes[-1] * 2 <= highest:
        sizes.append(sizes[-1] * 2)
    return sizes


def _fits(
    body: list[Linear],
    linears: list[Linear],
    rows: int,
    inputs: int,
    lanes: int,
    weight_bits: int,
    group: int | None,
    beat_bits: int,
) -> bool:
    tile_bits = rows * inputs * weight_bits
    word_bits = rows * 8
    return (
        rows % lanes == 0
        and rows >= inputs
        and (group is None or group % inputs == 0)
        and all(op.inputs % inputs == 0 for op in linears)
        and all(op.outputs % rows == 0 for op in body)
        and (tile_bits % beat_bits == 0 or beat_bits % tile_bits == 0)
        and (word_bits % beat_bits == 0 or beat_bits % word_bits == 0)
        # The drain of a tile must not take longer than the next tile's multiplications.
        and all(rows // lanes <= op.inputs // inputs for op in linears)
        and all(op.inputs * rows * weight_bits % beat_bits == 0 for op in linears)
    )


def _beats(op: Linear, rows: int, weight_bits: int, group: int | None, beat_bits: int) -> int:
    groups = 0 if group is None else ceil(op.inputs / group)
    header = ceil(header_bytes(rows, groups) * 8 / beat_bits)
    weights = ceil(rows * op.inputs * weight_bits / beat_bits)
    return ceil(op.outputs / rows) * (header + weights)
