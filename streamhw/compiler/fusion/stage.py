# SPDX-License-Identifier: Apache-2.0
"""Fusion: groups of kernels with streams on chip within them, and through memory between them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

import networkx as nx

from ...errors import DoesNotFitError, UserError
from ..ir.fused import Fused, Group
from ..ir.levels import Dataflow, Grouped, SizedNetlist
from .build_problem import problem_of
from .choose import group
from .fit import check_kernels
from .on_chip_memory import intermediate_memory
from .paths import Paths, StreamPath
from .problem import FusionEdge, Grouping, Problem
from .spill_edges import Cut, cut_of, with_cuts

__all__ = ["fuse", "on_chip_excess", "ungrouped"]


def ungrouped(design: Dataflow) -> Grouped:
    """The same with every stream on chip, whatever the board has."""
    tasks = tuple(task.name for task in Paths(design).tasks)
    everything = Fused(
        groups=(Group(tasks),), cuts=(), bytes=0, bits=0, limit=0, method="one group", gap=0.0
    )
    return design.to(Grouped, fused=everything)


def fuse(design: Dataflow, whole: SizedNetlist, reserve: int = 0) -> Grouped:
    """Decides which streams stay on chip, and puts a write and a read of memory into the others.

    reserve: bits of the limit that are kept free, for FIFOs that memory makes deeper

    Assumes  the design is converted; ``whole`` is the same with every stream on chip, sized
    Ensures  on-chip memory between kernels within the limit, if FIFOs are as deep as in ``whole``
    Chooses  the cuts that were decided, if they were; else groups as ``config.fusion`` says, one
             group of everything if that fits
    Raises   ``DoesNotFitError`` if a kernel alone exceeds the board, or no grouping has its values
             between kernels within the limit; ``UserError`` for a decided cut of what cannot be cut
    """
    paths, bits = Paths(design).all, design.config.on_chip_bits
    problem = problem_of(design, whole, {}, bits)
    check_kernels(problem, design.board)
    limit = problem.limit.memory_bits
    cuts: dict[str, Cut] = {}
    one = (0,) * len(problem.kernels)
    grouping: Grouping | None = Grouping(
        groups=one, outcome=problem.outcome(one), method="one group"
    )
    decided = design.config.cuts
    chooses = decided is None and (reserve > 0 or not problem.outcome(one).valid)
    if decided or chooses:
        ways = {path.name: cut_of(path, design.board.beat_bits) for path in paths}
        cuts = {name: way for name, way in ways.items() if way is not None}
        problem = problem_of(design, whole, cuts, bits)
    if decided:
        grouping = _decided(problem, paths, cuts, decided)
    elif chooses:
        tight = replace(problem, limit=replace(problem.limit, memory_bits=max(0, limit - reserve)))
        _check_values(problem, design, reserve)
        grouping = group(tight, design.config.fusion)
    if grouping is None:
        grouping = _without_groups(problem, design, reserve)
    home = dict(zip((k.name for k in problem.kernels), grouping.groups, strict=True))
    crossing = [
        (path, cuts[path.name])
        for path in paths
        if home[path.source.name] != home[path.sink.name]
        and path.name in (cuts if decided is None else decided)
    ]
    members = tuple(
        Group(tuple(k.name for k in problem.kernels if home[k.name] == index))
        for index in range(max(grouping.groups, default=-1) + 1)
    )
    fused = Fused(
        groups=members,
        cuts=tuple(path.name for path, _ in crossing),
        bytes=grouping.outcome.bytes,
        bits=grouping.outcome.bits,
        limit=limit,
        method=grouping.method,
        gap=grouping.gap,
    )
    return with_cuts(design, crossing).to(Grouped, fused=fused)


def on_chip_excess(sized: SizedNetlist) -> int:
    """Bits between kernels beyond the limit in a design whose FIFOs are sized; 0 if none."""
    return max(0, intermediate_memory(sized).fused - sized.fused.limit)


def _decided(
    problem: Problem, paths: Sequence[StreamPath], cuts: Mapping[str, Cut], decided: Sequence[str]
) -> Grouping:
    """What hangs together without the streams that a user, or an earlier build, cut."""
    for name in decided:
        if name not in cuts:
            raise UserError(
                f"Decision fuse must name streams that can go through memory "
                f"({', '.join(sorted(cuts)) or 'there are none'}), not {name}"
            )
    graph = nx.Graph()
    graph.add_nodes_from(kernel.name for kernel in problem.kernels)
    graph.add_edges_from(
        (path.source.name, path.sink.name)
        for path in paths
        if path.name not in decided and not path.through_memory
    )
    groups = {name: n for n, found in enumerate(nx.connected_components(graph)) for name in found}
    numbers = tuple(groups[kernel.name] for kernel in problem.kernels)
    for path in paths:
        if path.name in decided and groups[path.source.name] == groups[path.sink.name]:
            raise UserError(
                f"Decision fuse must cut all ways from {path.source.name} to {path.sink.name}, "
                f"not only {path.name}"
            )
    return Grouping(groups=numbers, outcome=problem.outcome(numbers), method="decided")


def _check_values(problem: Problem, design: Dataflow, reserve: int) -> None:
    """Raises ``DoesNotFitError`` if values between kernels exceed the limit wherever they go."""
    kernels = problem.base.memory_bits + sum(c.memory_bits for c in problem.parts.values())
    least = {edge.name: _least(edge) for edge in problem.edges}
    need, limit = kernels + sum(least.values()) + reserve, problem.limit.memory_bits
    if need > limit:
        largest = max(least, key=lambda name: least[name])
        _refuse(
            design,
            limit,
            f"need {need:,} with as much as possible in external memory ({need - limit:,} too "
            f"many); the largest is {largest} with {least[largest]:,}",
        )


def _without_groups(problem: Problem, design: Dataflow, reserve: int) -> Grouping:
    """One group, if values between kernels are not what does not fit: placement, which chooses the
    kind of each memory, says of which cells there are too few."""
    one = (0,) * len(problem.kernels)
    outcome, limit = problem.outcome(one), problem.limit.memory_bits
    need = outcome.bits + reserve
    if need > limit:
        _refuse(
            design,
            limit,
            f"no groups of kernels were found that do; in one group they need {need:,} "
            f"({need - limit:,} too many)",
        )
    return Grouping(groups=one, outcome=outcome, method="one group")


def _refuse(design: Dataflow, limit: int, why: str) -> NoReturn:
    raise DoesNotFitError(
        f"Values between kernels of {design.graph.name} must fit into {limit:,} bits of on-chip "
        f"memory on {design.board.name}, but {why}",
        between=True,
    )


def _least(edge: FusionEdge) -> int:
    """Bits that a stream takes wherever it goes."""
    on_chip, cut = edge.on_chip.memory_bits, (edge.writer + edge.reader).memory_bits
    return on_chip if edge.bytes is None else min(on_chip, cut)
