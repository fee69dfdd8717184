# SPDX-License-Identifier: Apache-2.0
"""The two ways to group kernels: the published greedy one, and the best there is."""

from dataclasses import replace

from ..config import Fusion
from .contraction import contract
from .dynamic_program import TooLargeError, by_ideals
from .greedy import greedy
from .ilp import NODES, by_program
from .problem import FusionEdge, Grouping, Problem

__all__ = ["group"]


def group(
    problem: Problem, method: Fusion = Fusion.OPTIMAL, *, nodes: int = NODES
) -> Grouping | None:
    """Groups of kernels within the limit; None if none is found.

    Ensures  ``OPTIMAL`` is never worse than ``GREEDY``: where the program runs out of nodes it
             gives the better of both, and the gap to what is possible
    Chooses  ``OPTIMAL``: the fewest bytes through memory, then the fewest bits on chip. One group
             if that fits, the dynamic program while states are few, else the integer program with
             a limit of ``nodes``
    """
    small = contract(problem)
    best = greedy(small.problem) if method is Fusion.GREEDY else _best(small.problem, nodes)
    if best is None:
        return None
    groups = small.groups(best.groups)
    return replace(best, groups=groups, outcome=problem.outcome(groups))


def _best(problem: Problem, nodes: int) -> Grouping | None:
    one = (0,) * len(problem.kernels)
    outcome = problem.outcome(one)
    if outcome.valid and not any(_free_to_cut(edge) for edge in problem.edges):
        return Grouping(groups=one, outcome=outcome, method="one group")
    try:
        return by_ideals(problem)
    except TooLargeError:
        exact, simple = by_program(problem, nodes=nodes), greedy(problem)
    if exact is None or simple is None:
        return exact or simple
    if simple.outcome.rank < exact.outcome.rank:
        return replace(simple, bound=exact.bound)
    return exact


def _free_to_cut(edge: FusionEdge) -> bool:
    """Whether it moves nothing through memory and takes less on chip when it is cut."""
    bits = edge.writer.memory_bits + edge.reader.memory_bits
    return not edge.bytes and bits < edge.on_chip.memory_bits
