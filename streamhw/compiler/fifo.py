# SPDX-License-Identifier: Apache-2.0
"""FIFO depths from a linear program over the start times of tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

import networkx as nx
import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from ..errors import InternalError

__all__ = ["Depths", "Flow", "size_fifos"]

MINIMUM = 2
"""Beats: the least depth at which a queue passes one beat a cycle."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """The beats of one stream in one activation, seen as two straight lines over time.

    offset: cycles from the source task's start to its first beat on this stream
    tokens: beats of the activation, symbols at their bounds
    write_interval, read_interval: cycles a beat at the source and at the sink
    bits: payload width, the weight of a beat in the objective
    """

    name: str
    source: str
    sink: str
    offset: float
    tokens: int
    write_interval: float
    read_interval: float
    bits: int


@dataclass(frozen=True)
class Depths:
    """The solution: a depth (beats) and a delay (cycles from first write to first read) a stream.

    ``binding`` names the streams that need more than the minimum: those the program is about.
    """

    depth: Mapping[str, int]
    delay: Mapping[str, float]

    @property
    def binding(self) -> tuple[str, ...]:
        return tuple(name for name, depth in self.depth.items() if depth > MINIMUM)


def size_fifos(flows: Sequence[Flow]) -> Depths:
    """Depths with which no task waits for room, from the least total of bits waiting.

    Assumes    flows form a directed acyclic graph; every task runs as soon as all its inputs offer
               a beat
    Ensures    every depth holds the most beats that ever wait on that stream at the chosen delays,
               so nothing deadlocks and no result is later than these straight lines say; FIFOs
               without bound may beat the lines where a slow task ran ahead of a faster reader
    Chooses    start times s with s[sink] >= s[source] + offset for every flow, no later than the
               earliest possible ones for tasks that nobody waits for (else a FIFO could be saved
               by delaying a result), and the least sum of
               bits/write_interval * (s[sink] - s[source] - offset): the bits that wait
    Complexity one linear program with a variable a task and a row a flow (HiGHS); no paths are
               enumerated, since potentials imply every path's sum
    Raises     ``InternalError`` if the flows contain a cycle
    Source     StreamTensor (MICRO'25) section 5, with potentials in place of path constraints
    """
    if not flows:
        return Depths({}, {})
    earliest = earliest_starts(flows)
    tasks = sorted(earliest)
    index = {name: i for i, name in enumerate(tasks)}
    sources = {f.source for f in flows}
    latest = [None if name in sources else earliest[name] for name in tasks]
    cost = np.zeros(len(tasks))
    rows, columns, values = [], [], []
    for row, flow in enumerate(flows):
        weight = flow.bits / max(flow.write_interval, 1e-9)
        cost[index[flow.sink]] += weight
        cost[index[flow.source]] -= weight
        rows += [row, row]
        columns += [index[flow.source], index[flow.sink]]
        values += [1.0, -1.0]
    bound = np.array([-flow.offset for flow in flows])
    matrix = csr_matrix((values, (rows, columns)), shape=(len(flows), len(tasks)))
    within = [(0.0, last) for last in latest]
    answer = linprog(cost, A_ub=matrix, b_ub=bound, bounds=within, method="highs")
    if answer.status != 0:
        raise InternalError(f"FIFO sizing must have a solution, but HiGHS says: {answer.message}")
    start = answer.x
    delay = {
        f.name: max(0.0, float(start[index[f.sink]] - start[index[f.source]] - f.offset))
        for f in flows
    }
    depth = {f.name: max(MINIMUM, waiting_beats(f, delay[f.name])) for f in flows}
    return Depths(depth, delay)


def earliest_starts(flows: Sequence[Flow]) -> dict[str, float]:
    """When every task starts if all FIFOs are deep enough, the first ones at 0.

    Raises ``InternalError`` if the flows contain a cycle.
    """
    graph = nx.MultiDiGraph()
    for flow in flows:
        graph.add_edge(flow.source, flow.sink, offset=flow.offset)
    try:
        order = list(nx.lexicographical_topological_sort(graph))
    except nx.NetworkXUnfeasible:
        cycle = " -> ".join(edge[0] for edge in nx.find_cycle(graph))
        raise InternalError(f"Flows must not form a cycle, but {cycle} does") from None
    start: dict[str, float] = {}
    for task in order:
        before = graph.in_edges(task, data="offset")
        start[task] = max((start[source] + offset for source, _, offset in before), default=0.0)
    return start


def waiting_beats(flow: Flow, delay: float) -> int:
    """The most beats that wait at once when the first is read ``delay`` cycles after its write.

    A faster writer leaves most beats behind when it ends; a slower one when reading begins.
    """
    slack = 1e-6
    if flow.write_interval < flow.read_interval - slack:
        length = (flow.tokens - 1) * flow.write_interval
        read = floor((length - delay) / flow.read_interval + slack) if length > delay else 0
        return min(flow.tokens, flow.tokens - read)
    return min(flow.tokens, ceil(delay / max(flow.write_interval, slack) - slack) + 1)
