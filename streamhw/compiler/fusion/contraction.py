# SPDX-License-Identifier: Apache-2.0
"""Kernels that no grouping can part become one, so that every edge that is left may be cut."""

from dataclasses import dataclass, replace

import networkx as nx

from ..resources.fpga_cells import Cells
from .problem import Kernel, Problem

__all__ = ["Contracted", "contract"]


@dataclass(frozen=True)
class Contracted:
    """A problem in which every edge may be cut, and which of its kernels each kernel became."""

    problem: Problem
    home: tuple[int, ...]

    def groups(self, groups: tuple[int, ...]) -> tuple[int, ...]:
        """The group of each kernel of the whole problem."""
        return tuple(groups[place] for place in self.home)


def contract(problem: Problem) -> Contracted:
    """Merges both ends of edges that must not be cut, and whatever lies on a path between merged
    kernels: it can stand neither before nor after them.

    Ensures  any grouping of the one is a grouping of the other, with the same outcome
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(problem.kernels)))
    for edge, (u, v) in zip(problem.edges, problem.ends, strict=True):
        graph.add_edge(u, v)
        if edge.bytes is None:
            graph.add_edge(v, u)
    merged = nx.condensation(graph)
    first = {node: min(merged.nodes[node]["members"]) for node in merged}
    order = list(nx.lexicographical_topological_sort(merged, key=first.__getitem__))
    rank = {node: place for place, node in enumerate(order)}
    home = tuple(rank[merged.graph["mapping"][i]] for i in range(len(problem.kernels)))
    members = [sorted(merged.nodes[node]["members"]) for node in order]
    names = ["+".join(problem.kernels[i].name for i in cluster) for cluster in members]
    parts: dict[str, Cells] = dict(problem.parts)
    inner = [Cells() for _ in order]
    edges = []
    for edge, (u, v) in zip(problem.edges, problem.ends, strict=True):
        if home[u] == home[v]:
            inner[home[u]] += edge.on_chip
        else:
            edges.append(replace(edge, source=names[home[u]], sink=names[home[v]]))
    kernels = []
    for name, cluster, cells in zip(names, members, inner, strict=True):
        used = dict.fromkeys(part for i in cluster for part in problem.kernels[i].parts)
        if cells != Cells():
            parts[f"streams within {name}"] = cells
            used[f"streams within {name}"] = None
        kernels.append(Kernel(name, tuple(used)))
    return Contracted(
        replace(problem, kernels=tuple(kernels), edges=tuple(edges), parts=parts), home
    )
