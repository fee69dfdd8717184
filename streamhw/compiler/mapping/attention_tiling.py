# SPDX-License-Identifier: Apache-2.0
"""Lanes, heads and positions that may pass attention in parallel."""

from collections.abc import Collection, Iterable, Sequence

from ...boards.target import DesignTarget
from ...graph.graph import Graph
from ...graph.ops import AttentionHeads
from .sizes import divides, powers

__all__ = [
    "attention_fabric",
    "attention_sizes",
    "halves_of",
    "head_groups",
    "parallel_heads",
    "rows_of_a_beat",
]


def attention_sizes(
    op: AttentionHeads, beat: int, lanes: int, halves: Collection[int]
) -> list[int]:
    """Elements of a head that may pass a cycle, ascending: a memory beat or a power of two times
    the row-wise lanes in it, where heads fill memory beats without gaps; else the whole head.

    beat: keys or values that a memory beat has; halves: of rows that are made half by half, as
    rotary embeddings do: none lies across two halves in part
    """
    head = op.head_dim
    if head % beat and head & (head - 1):
        return [head]
    return [
        s
        for s in powers(lanes, min(head, beat))
        if head % s == 0 == beat % s and all(divides(s, half) for half in halves)
    ] or [head]


def halves_of(graph: Graph) -> frozenset[int]:
    """Sizes of the halves of rows that are made half by half."""
    return frozenset(half for node, _ in graph.walk() for half in node.op.half_rows)


def attention_fabric(target: DesignTarget, positions: int) -> int:
    """Positions whose products are made of LUTs: half of them, where the engines of the target have
    such lanes, too, since multipliers are short."""
    return positions // 2 if target.fabric_lanes else 0


def parallel_heads(
    ops: Sequence[AttentionHeads], beat: int, context: int
) -> tuple[tuple[int, int], ...]:
    """Heads and positions that may pass attention in parallel, with whole heads as lanes.

    beat: keys or values that a memory beat has
    """
    groups = set.intersection(*(set(head_groups(op, beat, ())) for op in ops))
    found: list[tuple[int, int]] = []
    for heads in sorted(groups):
        positions = {1}
        if all(op.heads == heads for op in ops):
            rows = (set(rows_of_a_beat(op, beat, context)) for op in ops)
            positions = set.intersection(*rows)
        found += [(heads, n) for n in sorted(positions)]
    return tuple(found)


def head_groups(op: AttentionHeads, beat: int, tiles: Iterable[int]) -> list[int]:
    """Numbers of heads that may pass in parallel: their rows fit a memory beat, of ``beat`` keys or
    values, and no tile of an engine's outputs, of ``tiles`` rows, lies across two groups of
    them."""

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
            and n // op.shared * op.head_dim <= beat
            and whole(n)
            and whole(n // op.shared)
        )
    ]


def rows_of_a_beat(op: AttentionHeads, beat: int, context: int) -> list[int]:
    """Numbers of positions that may pass in parallel with all heads: a memory beat, of ``beat``
    keys or values, has their rows, each padded to a power of two, and the context is a number of
    them."""
    row = 1 << (op.kv_heads * op.head_dim - 1).bit_length()
    return [n for n in powers(1, max(1, beat // row)) if context % n == 0]
