# SPDX-License-Identifier: Apache-2.0
"""The published greedy fusion: each kernel joins the nearest group before it that has room."""

from dataclasses import astuple, replace

from ..resources.fpga_cells import Cells
from .problem import Grouping, Problem

__all__ = ["greedy"]


def greedy(problem: Problem) -> Grouping | None:
    """Groups in one pass over the kernels; None if it ends in a group that does not fit.

    Assumes  every edge may be cut (see ``contract``)
    Chooses  for each kernel the latest group of its predecessors if it fits there with what the
             streams from that group cost on chip, else a new group; a kernel without predecessors
             tries the latest group. Where all groups share an image, the least that streams of
             later kernels need is left for them
    Source   Algorithm 2 of StreamTensor (arXiv 2509.13694)
    """
    groups: list[int] = []
    before: list[list[int]] = [[] for _ in problem.kernels]
    for u, v in problem.ends:
        before[v].append(u)
    for place in range(len(problem.kernels)):
        room = _room(problem, place)
        newest = max(groups, default=0)
        nearest = max((groups[u] for u in before[place]), default=newest)
        if room.outcome([*groups, nearest], partial=True).valid:
            groups.append(nearest)
        else:
            groups.append(newest + 1 if groups else 0)
    outcome = problem.outcome(groups)
    return (
        Grouping(groups=tuple(groups), outcome=outcome, method="greedy") if outcome.valid else None
    )


def _room(problem: Problem, place: int) -> Problem:
    """The problem without what streams of kernels behind a place need at least."""
    if problem.images:
        return problem
    need = Cells()
    for edge, (_, v) in zip(problem.edges, problem.ends, strict=True):
        if v > place:
            cut = astuple(edge.writer + edge.reader)
            need += Cells(*(min(a, b) for a, b in zip(astuple(edge.on_chip), cut, strict=True)))
    return replace(problem, base=problem.base + need)
