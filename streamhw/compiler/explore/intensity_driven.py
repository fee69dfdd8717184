# SPDX-License-Identifier: Apache-2.0
"""Intensity-driven unrolling (StreamTensor, MICRO'25): the slowest kernel doubles."""

import heapq
from collections.abc import Callable
from dataclasses import replace

from ...graph import Graph
from ..mapping.engine_sharing import EngineAssignment, Groups, product_of
from ..mapping.engine_tiling import EngineTiling
from ..mapping.tiling import Tiling
from .design_point import Choice
from .space import Space

__all__ = ["ATTENTION", "ROWS", "Fits", "unroll_by_intensity"]

Fits = Callable[[Choice], bool]
"""Whether the board carries a choice."""

ROWS, ATTENTION = "row-wise kernels", "attention"
"""Kernels beside the engines whose lanes can double."""


def unroll_by_intensity(space: Space, groups: Groups, group: int, fits: Fits) -> Choice | None:
    """Doubles the unrolling of whichever kernel has most trips left, from the smallest sizes on.

    A kernel's latency is the product of its trips divided by its unrolling. Of an engine, output
    rows unroll first: they are parallel, while inputs reduce and so stay in the outer loops.

    Ends     when the board is full, or the slowest kernel has one trip left or no larger size
    Returns  ``None`` if not even the smallest sizes fit
    """
    assignments = space.assignments(groups)
    trips = _trips(space.graph, assignments, group)
    shapes = {b.instance: space.shapes(b) for b in assignments}
    if not all(shapes.values()):
        return None
    choice = Choice(
        sharing=tuple(b.nodes for b in assignments),
        tiling=Tiling(
            token_batch=group,
            lanes=space.lanes[0],
            attention_lanes=space.attention_lanes[0],
            engines={name: found[0] for name, found in shapes.items()},
        ),
    )
    if not fits(choice):
        return None
    heap = [(-trips[name] / unroll_of(choice.tiling, name), name) for name in trips]
    heapq.heapify(heap)
    while heap:
        latency, name = heapq.heappop(heap)
        larger = _doubled(space, choice.tiling, name, shapes)
        if -latency <= 1 or larger is None:
            break
        wanted = replace(choice, tiling=larger)
        if not fits(wanted):
            break
        choice = wanted
        heapq.heappush(heap, (-trips[name] / unroll_of(larger, name), name))
    return choice


def unroll_of(tiling: Tiling, name: str) -> int:
    """What of a kernel works in one cycle."""
    if name == ROWS:
        return tiling.lanes
    if name == ATTENTION:
        return tiling.attention_lanes
    return tiling.engines[name].multipliers


def _trips(graph: Graph, assignments: tuple[EngineAssignment, ...], group: int) -> dict[str, int]:
    """Products of the trips of each kernel's loops, in one layer in the longest rows."""
    trips: dict[str, int] = {}
    for assignment in assignments:
        products = [product_of(graph, name) for name in assignment.nodes]
        trips[assignment.instance] = sum(
            product.inputs * product.outputs * group for product in products
        )
    for node, _ in graph.walk():
        op = node.op
        if (attention := op.attention) is not None:
            positions = attention.longest(graph.context)
            work = attention.heads * attention.head_dim * positions * group
            trips[ATTENTION] = max(trips.get(ATTENTION, 0), work)
        elif op.product is None and op.row_sizes:
            trips[ROWS] = max(trips.get(ROWS, 0), max(op.row_sizes) * group)
    return trips


def _doubled(
    space: Space, tiling: Tiling, name: str, shapes: dict[str, tuple[EngineTiling, ...]]
) -> Tiling | None:
    if name == ROWS:
        lanes = 2 * tiling.lanes
        return replace(tiling, lanes=lanes) if lanes in space.lanes else None
    if name == ATTENTION:
        lanes = 2 * tiling.attention_lanes
        wide = lanes in space.attention_lanes
        return replace(tiling, attention_lanes=lanes) if wide else None
    now = tiling.engines[name]
    larger = [s for s in shapes[name] if s.multipliers == 2 * now.multipliers]
    # Rows if they can double, and as many results a cycle as then leave in time.
    larger.sort(key=lambda s: (s.rows != 2 * now.rows, s.inputs != 2 * now.inputs, -s.lanes))
    return replace(tiling, engines={**tiling.engines, name: larger[0]}) if larger else None
