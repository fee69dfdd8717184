# SPDX-License-Identifier: Apache-2.0
"""From grouped kernels to a closed netlist: the memory map with its DMAs, and step control."""

from dataclasses import replace

from .ir.levels import Grouped, Mapped, Netlist
from .layers.table import layer_table
from .lowering.insert_control import add_control
from .lowering.insert_converters import insert_forks
from .lowering.insert_dma import add_memory_access, parameter_dma
from .mapping.row_windows import row_windows
from .memory.layout import plan_memory
from .memory.rules import MemoryContext

__all__ = ["memory_context", "with_control", "with_memory"]


def memory_context(mapped: Mapped) -> MemoryContext:
    """What decides how parameters lie in memory."""
    return MemoryContext(
        quantization=mapped.quantization,
        tiling=mapped.tiling,
        assignments=mapped.assignments,
        beat_bits=mapped.board.beat_bits,
    )


def with_memory(grouped: Grouped) -> Netlist:
    """Parameters, caches and spilled streams get their places in memory, and DMAs.

    Ensures  ports that are still open are control ports
    """
    board, tiling, target = grouped.board, grouped.tiling, grouped.target
    plan = plan_memory(
        memory_context(grouped),
        layer_table().memory,
        board.memory_bytes,
        {
            i.region: spilled
            for i in grouped.instances
            if i.region is not None and (spilled := i.part.behaviour().memory.spilled)
        },
    )
    with_access = add_memory_access(
        plan,
        tiling,
        grouped.graph.context,
        grouped.graph.loops[0].trips,
        board.beat_bits,
        board.begins,
        parameter_dma(board, target.prefetch),
        target.cache_buffer,
        grouped.instances,
        grouped.channels,
    )
    instances, channels = insert_forks(*with_access)
    return grouped.to(Netlist, memory=plan, instances=instances, channels=channels)


def with_control(netlist: Netlist) -> Netlist:
    """The sequencer, and what it tells every part; no port is open then."""
    instances, channels = add_control(
        netlist.graph,
        netlist.tiling,
        row_windows(netlist.graph, netlist.tiling, netlist.board.beat_bits, netlist.cache_bits),
        netlist.assignments,
        netlist.instances,
        netlist.channels,
    )
    return replace(netlist, instances=instances, channels=channels)
