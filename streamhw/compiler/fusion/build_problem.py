# SPDX-License-Identifier: Apache-2.0
"""What fusion costs: a design's kernels and streams as a problem with the board's limit."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import networkx as nx

from ...boards.base import Board, Family
from ...stream.control.scope import Scope
from ...stream.converter.spec import ConverterSpec
from ..fifo import MINIMUM
from ..floorplan.top_overhead import queue_of
from ..ir.levels import Dataflow, SizedNetlist
from ..ir.netlist import Channel
from ..lowering import insert_dma as access
from ..resources.fpga_cells import Cells, cells_of
from .paths import Paths, StreamPath
from .problem import FusionEdge, Kernel, Problem
from .spill_edges import Cut

__all__ = ["board_limit", "pooled", "problem_of", "queue_cells"]

BLOCK_BITS = {Family.ECP5: 18_432, Family.SERIES_7: 36_864, Family.ULTRASCALE_PLUS: 36_864}
BLOCKS_PER_ULTRA = 8
"""RAM blocks that hold what a URAM holds."""


def pooled(cells: Cells) -> Cells:
    """Cells with URAM counted as block RAM: which memory goes where is decided later."""
    blocks = cells.block_ram + BLOCKS_PER_ULTRA * cells.ultra_ram
    return replace(cells, block_ram=blocks, ultra_ram=0)


def board_limit(board: Board, bits: int | None) -> Cells:
    """What a board has, pooled; ``bits``: for values between kernels, if not all of its memory."""
    budget = board.budget
    have = Cells(
        luts=budget.luts,
        ffs=budget.ffs,
        dsps=budget.dsps,
        block_ram=budget.block_ram,
        ultra_ram=budget.ultra_ram,
    )
    pool = pooled(have)
    most = pool.block_ram * BLOCK_BITS[board.family]
    return replace(pool, memory_bits=most if bits is None else min(bits, most))


def problem_of(
    design: Dataflow, whole: SizedNetlist, cuts: Mapping[str, Cut], bits: int | None
) -> Problem:
    """The fusion problem of a design that is converted.

    whole: the same design with every stream on chip, sized: what is not on the way of a value from
        kernel to kernel is in every image, and FIFOs within a group are as deep as there
    cuts: how streams, by name, may go through memory

    ``memory_bits`` are those of values between kernels alone: converters, FIFOs and the buffers of
    what writes and reads memory instead. RAM blocks are counted for everything.
    """
    paths, family = Paths(design), design.board.family
    inside = {c.name for path in paths.all for c in path.channels}
    tasks = {task.instance for task in paths.tasks}
    between = [c for c in whole.channels if c.value is not None and c.scope is Scope.BODY]
    moving = {c.source.instance for c in between}
    base = Cells()
    parts = dict.fromkeys(sorted(tasks), Cells())
    for instance in whole.instances:
        if instance.name in paths.converters:
            continue
        cells = cells_of(instance.part.resources(), family)
        if not isinstance(instance.part, ConverterSpec) or instance.name not in moving:
            cells = replace(cells, memory_bits=0)
        if instance.name in tasks:
            parts[instance.name] = cells
        else:
            base += cells
    for channel in whole.channels:
        if channel.name not in inside:
            cells = queue_cells(channel, whole.queues[channel.name], family)
            base += cells if channel in between else replace(cells, memory_bits=0)
    edges = tuple(_edge(path, cuts.get(path.name), whole.queues, family) for path in paths.all)
    return Problem(
        kernels=_ordered(paths),
        edges=edges,
        parts={name: pooled(cells) for name, cells in parts.items()},
        base=pooled(base),
        limit=board_limit(design.board, bits),
    )


def queue_cells(channel: Channel, depth: int, family: Family) -> Cells:
    """A FIFO's memory and counters, all its beats counted as memory."""
    cells = cells_of(queue_of(channel, depth), family)
    return replace(cells, memory_bits=depth * channel.consumed.beat_bits)


def _edge(
    path: StreamPath, cut: Cut | None, depth: Mapping[str, int], family: Family
) -> FusionEdge:
    on_chip = _sum(queue_cells(c, depth[c.name], family) for c in path.channels)
    if path.converter is not None:
        on_chip += cells_of(path.converter.part.resources(), family)
    edge = FusionEdge(
        name=path.name,
        source=path.source.name,
        sink=path.sink.name,
        on_chip=pooled(on_chip),
    )
    if path.through_memory:
        return replace(edge, bytes=0, reader=edge.on_chip)
    if cut is None:
        return edge
    small = queue_cells(path.channels[0], MINIMUM, family)
    writer = cells_of(cut.write.resources(), family) + small
    writer += cells_of(access.dma_of(cut.write, cut.width).resources(), family)
    reader = cells_of(cut.read.resources(), family) + small
    reader += cells_of(access.dma_of(cut.read, cut.width).resources(), family)
    if cut.convert is not None:
        reader += cells_of(cut.convert.resources(), family) + small
    return replace(edge, bytes=cut.bytes, writer=pooled(writer), reader=pooled(reader))


def _ordered(paths: Paths) -> tuple[Kernel, ...]:
    graph = nx.DiGraph()
    graph.add_nodes_from(task.name for task in paths.tasks)
    graph.add_edges_from((path.source.name, path.sink.name) for path in paths.all)
    place = {task.name: i for i, task in enumerate(paths.tasks)}
    home = {task.name: task.instance for task in paths.tasks}
    order = nx.lexicographical_topological_sort(graph, key=place.__getitem__)
    return tuple(Kernel(name, (home[name],)) for name in order)


def _sum(cells: Iterable[Cells]) -> Cells:
    total = Cells()
    for more in cells:
        total += more
    return total
