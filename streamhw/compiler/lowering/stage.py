# SPDX-License-Identifier: Apache-2.0
"""Lowering: one rule a layer kind turns graph nodes into kernels and typed streams."""

from collections.abc import Mapping

from ...errors import BuildError
from ...graph import Graph, Op, RolledLoop
from ...quantization.plan import QuantizationPlan
from ...stream.control.scope import Scope
from ...stream.spec import Role
from ..ir.infrastructure import LoopEntrySpec, LoopExitSpec
from ..ir.netlist import Channel, Instance
from ..mapping.engine_sharing import EngineAssignment
from ..mapping.tiling import Tiling
from .builder import Lowering, Rule

__all__ = ["lower"]


def lower(
    graph: Graph,
    quantization: QuantizationPlan,
    rules: Mapping[type[Op], Rule],
    tiling: Tiling,
    beat_bits: int,
    assignments: tuple[EngineAssignment, ...],
) -> tuple[tuple[Instance, ...], tuple[Channel, ...]]:
    """Kernels and streams of a graph.

    Assumes  the graph has one loop, followed by ``LastToken``; plans give every node's formats
    Ensures  every graph value has one source; ports that are still open are control ports,
             memory commands and memory data, which later stages close
    Raises   ``BuildError`` for a graph of another form or a layer kind without a rule
    """
    if len(graph.loops) != 1:
        raise BuildError(f"Graph {graph.name} must have one loop, not {len(graph.loops)}")
    state = Lowering(
        graph=graph,
        quantization=quantization,
        tiling=tiling,
        beat_bits=beat_bits,
        assignments=assignments,
        rules=rules,
    )
    for item in graph.nodes:
        if isinstance(item, RolledLoop):
            _loop(state, item)
        else:
            state.lower(item)
    for assignment in assignments:
        _engine_parameters(state, assignment)
    return tuple(state.instances.values()), tuple(state.channels)


def _loop(state: Lowering, loop: RolledLoop) -> None:
    state.scope = Scope.BODY
    source = state.values[loop.source]
    carried = state.rows(source.type.fmt, source.type.tensor_shape()[1])
    entry = state.place(f"{loop.name}_entry", LoopEntrySpec(type=carried, layers=loop.trips))
    state.feed(loop.source, entry, entry.end(Role.LOOP_ENTRY).port)
    state.produce(loop.carried, entry)
    for node in loop.body:
        state.lower(node)
    leave = state.place(f"{loop.name}_exit", LoopExitSpec(type=carried, layers=loop.trips))
    state.feed(loop.result, leave, leave.end(Role.DATA).port)
    back = (leave.end(Role.LOOP_BACK).port, entry.end(Role.LOOP_BACK).port)
    state.link(leave, back[0], entry, back[1], loop.result)
    state.scope = Scope.TAIL
    state.produce(loop.name, leave, leave.end(Role.LOOP_EXIT).port)


def _engine_parameters(state: Lowering, assignment: EngineAssignment) -> None:
    """Streams the parameters of all contexts of an engine into it, once it has them all."""
    engine = state.instances[assignment.instance]
    for port in engine.part.ports:
        if port.role is Role.PARAMETER:
            state.parameters(engine, port.name, port.type)
