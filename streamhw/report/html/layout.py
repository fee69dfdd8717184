# SPDX-License-Identifier: Apache-2.0
"""A layered drawing of a directed acyclic graph: layers, order in them, places, bends."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

__all__ = ["DrawnNode", "Layout", "lay_out"]

SWEEPS = 24
"""Down and up again, to find an order."""
GAP = 18.0
"""Pixels between neighbors of a layer."""
STRAIGHT = 3.0
"""How much more a line between bends should be straight than one at a box."""


@dataclass(frozen=True)
class DrawnNode:
    """A box of the drawing, in pixels."""

    name: str
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """Centres of the nodes, the points between them of each edge, and the size of all."""

    centres: Mapping[str, tuple[float, float]]
    bends: Mapping[tuple[str, str], tuple[tuple[float, float], ...]]
    width: float
    height: float


@dataclass(frozen=True)
class _Bend:
    """Where a long edge passes a layer."""

    edge: tuple[str, str]
    layer: int


_Item = Hashable


def lay_out(
    nodes: Sequence[DrawnNode], edges: Sequence[tuple[str, str]], *, layer_gap: float = 22.0
) -> Layout:
    """Places nodes from top to bottom in the order of data.

    Chooses  layers by the longest way from a source, a node without inputs just above its first
             reader; an edge over several layers gets a bend in each, so that nothing lies on it;
             order in a layer by the means of the neighbors, the one with the fewest crossings of
             all sweeps; places by a linear program
    Raises   ``networkx.NetworkXUnfeasible`` if the edges form a cycle
    """
    sizes = {node.name: node for node in nodes}
    graph = nx.DiGraph()
    graph.add_nodes_from(sizes)
    graph.add_edges_from(edges)
    layer = _layers(graph)
    rows: list[list[_Item]] = [[] for _ in range(max(layer.values(), default=0) + 1)]
    for name in sizes:
        rows[layer[name]].append(name)
    above: dict[_Item, list[_Item]] = {}
    below: dict[_Item, list[_Item]] = {}
    chains: dict[tuple[str, str], list[_Bend]] = {}
    for edge in dict.fromkeys(edges):
        source, sink = edge
        bends = [_Bend(edge, at) for at in range(layer[source] + 1, layer[sink])]
        chains[edge] = bends
        for bend in bends:
            rows[bend.layer].append(bend)
        chain: list[_Item] = [source, *bends, sink]
        for one, other in pairwise(chain):
            below.setdefault(one, []).append(other)
            above.setdefault(other, []).append(one)
    rows = _ordered(rows, above, below)
    x = _placed(rows, below, sizes)
    left = min((x[i] - _width(i, sizes) / 2 for row in rows for i in row), default=0.0)
    centres: dict[str, tuple[float, float]] = {}
    middle: list[float] = []
    y = 0.0
    for row in rows:
        height = max((sizes[i].height for i in row if isinstance(i, str)), default=0.0)
        middle.append(y + height / 2)
        for item in row:
            if isinstance(item, str):
                centres[item] = (x[item] - left, middle[-1])
        y += height + layer_gap
    right = max((x[i] + _width(i, sizes) / 2 for row in rows for i in row), default=0.0)
    points = {
        e: tuple((x[b] - left, middle[b.layer]) for b in chain) for e, chain in chains.items()
    }
    return Layout(centres, points, right - left, max(0.0, y - layer_gap))


def _layers(graph: "nx.DiGraph[str]") -> dict[str, int]:
    layer: dict[str, int] = {}
    order = list(nx.topological_sort(graph))
    for name in order:
        layer[name] = max((layer[before] + 1 for before in graph.predecessors(name)), default=0)
    for name in reversed(order):
        after = [layer[n] for n in graph.successors(name)]
        if graph.in_degree(name) == 0 and after:
            layer[name] = min(after) - 1
    return layer


def _ordered(
    rows: list[list[_Item]], above: Mapping[_Item, list[_Item]], below: Mapping[_Item, list[_Item]]
) -> list[list[_Item]]:
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        near = above if sweep % 2 == 0 else below
        rows = [list(row) for row in rows]
        at = {item: i for row in rows for i, item in enumerate(row)}
        for row in rows if sweep % 2 == 0 else reversed(rows):
            row.sort(key=lambda item: _mean([at[n] for n in near.get(item, [])], at[item]))
            at |= {item: i for i, item in enumerate(row)}
        count = _crossings(rows, below)
        if count < fewest:
            best, fewest = rows, count
    return best


def _crossings(rows: list[list[_Item]], below: Mapping[_Item, list[_Item]]) -> int:
    total = 0
    for row, under in pairwise(rows):
        at = {item: i for i, item in enumerate(under)}
        ends = [at[n] for item in row for n in sorted(below.get(item, []), key=at.__getitem__)]
        total += sum(a > b for i, a in enumerate(ends) for b in ends[i + 1 :])
    return total


def _placed(
    rows: list[list[_Item]], below: Mapping[_Item, list[_Item]], sizes: Mapping[str, DrawnNode]
) -> dict[_Item, float]:
    """Places with the least total of horizontal ways, order and gaps kept: a linear program, whose
    corners are drawings with many straight lines."""
    items = [item for row in rows for item in row]
    lines = [(one, other) for one in items for other in below.get(one, [])]
    index = {item: i for i, item in enumerate(items)}
    # x of each item, then the way of each line.
    cost = [0.0] * len(items) + [
        STRAIGHT ** sum(isinstance(end, _Bend) for end in line) for line in lines
    ]
    entries: list[tuple[int, int, float]] = []
    bound: list[float] = []

    def at_most(limit: float, *terms: tuple[int, float]) -> None:
        entries.extend((len(bound), column, factor) for column, factor in terms)
        bound.append(limit)

    for number, (one, other) in enumerate(lines):
        way = len(items) + number
        for sign in (1.0, -1.0):
            at_most(0.0, (index[one], sign), (index[other], -sign), (way, -1.0))
    for row in rows:
        for one, other in pairwise(row):
            gap = (_width(one, sizes) + _width(other, sizes)) / 2 + GAP
            at_most(-gap, (index[one], 1.0), (index[other], -1.0))
    if not bound:
        return dict.fromkeys(items, 0.0)
    across, down, factors = zip(*((c, r, f) for r, c, f in entries), strict=True)
    matrix = csr_matrix((factors, (down, across)), shape=(len(bound), len(cost)))
    answer = linprog(cost, A_ub=matrix, b_ub=bound, bounds=(0, None), method="highs")
    return {item: round(float(answer.x[i]), 1) for item, i in index.items()}


def _width(item: _Item, sizes: Mapping[str, DrawnNode]) -> float:
    return sizes[item].width if isinstance(item, str) else 6.0


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else float(default)
