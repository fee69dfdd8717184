# SPDX-License-Identifier: Apache-2.0
"""Control: the sequencer, and a stream of what it says to every part that must know of steps."""

from ...errors import InternalError
from ...graph import Graph
from ...stream.control.causal_lengths import CausalLengths
from ...stream.control.row_windows import HIDDEN, RowWindows
from ...stream.control.scope import Scope
from ...stream.control.step_broadcast import StepConsumer
from ...stream.itensor.itensor import ITensor
from ...stream.spec import Direction, Port, Role
from ..ir.infrastructure import EngineScheduleSpec, SequencerSpec, StepBroadcastSpec
from ..ir.netlist import Channel, End, Instance
from ..mapping.engine_sharing import EngineAssignment
from ..mapping.tiling import Tiling
from .insert_converters import insert_forks

__all__ = ["NEXT_TOKEN", "POSITIONS", "SEQUENCER", "TOKENS", "add_control", "open_ports"]

SEQUENCER = "sequencer"
TOKENS, POSITIONS = End(SEQUENCER, "o_token"), End(SEQUENCER, "o_position")
NEXT_TOKEN = End(SEQUENCER, "i_next")
FANOUT = "steps"
STEPS_AHEAD = 4
"""Steps that may wait for a part: how far the parameter reader may run ahead, in layers."""


def open_ports(
    instances: tuple[Instance, ...], channels: tuple[Channel, ...]
) -> list[tuple[Instance, Port]]:
    """Ports that no stream reaches yet, in the order of instances."""
    closed = {c.source for c in channels} | {c.sink for c in channels}
    return [
        (instance, port)
        for instance in instances
        for port in instance.part.ports
        if End(instance.name, port.name) not in closed
    ]


def add_control(
    graph: Graph,
    tiling: Tiling,
    windows: RowWindows,
    assignments: tuple[EngineAssignment, ...],
    instances: tuple[Instance, ...],
    channels: tuple[Channel, ...],
) -> tuple[tuple[Instance, ...], tuple[Channel, ...]]:
    """Adds the sequencer and closes all control ports.

    Assumes  every other port has its stream
    Ensures  no port is open; a port of a symbol gets the field of the step of that name once an
             invocation or, if it is ragged, the causal length once a row, in beats of as many
             positions as the symbol counts, or how many of the first are hidden by ``windows``;
             others get the step or the engine's commands
    Raises   ``InternalError`` if an open port has another role
    """
    layers = graph.loops[0].trips
    size = {"tokens": tiling.token_batch, "context": graph.context, "layers": layers}
    consumers: list[StepConsumer] = []
    parts: list[Instance] = []
    wires: list[Channel] = []
    lengths: dict[tuple[int, int, bool], Instance] = {}

    def wire(source: End, sink: End, type: ITensor, scope: Scope) -> None:
        wires.append(Channel(source=source, sink=sink, produced=type, consumed=type, scope=scope))

    def from_step(sink: Instance, port: Port, fields: tuple[str, ...]) -> None:
        consumers.append(
            StepConsumer(name=sink.name, scope=sink.scope, fields=fields, depth=STEPS_AHEAD)
        )
        wire(End(FANOUT, f"o_{sink.name}"), End(sink.name, port.name), port.type, sink.scope)

    for instance, port in open_ports(instances, channels):
        end = End(instance.name, port.name)
        if port.role is Role.STEP and port.direction is Direction.INPUT:
            from_step(instance, port, port.fields)
        elif port.symbol is not None and not port.symbol.ragged:
            from_step(instance, port, (port.symbol.name,))
        elif port.symbol is not None:
            heads, positions = port.type.beats({"tokens": 1}), port.symbol.per
            hidden = port.symbol.name == HIDDEN
            key = (heads, positions, hidden)
            if key not in lengths:
                counter = CausalLengths(
                    tokens=tiling.token_batch,
                    context=graph.context,
                    heads=heads,
                    positions=positions,
                    windows=windows,
                    hidden=hidden,
                )
                name = f"hidden_{heads}" if hidden else f"lengths_{heads}"
                if positions > 1:
                    name += f"_by_{positions}"
                lengths[key] = Instance(name, counter, Scope.BODY)
                parts.append(lengths[key])
                step = lengths[key].port("i")
                from_step(lengths[key], step, step.fields)
            wire(End(lengths[key].name, "o"), end, port.type, Scope.BODY)
        elif port.role is Role.SCHEDULE:
            (assignment,) = (b for b in assignments if b.instance == instance.name)
            count = len(assignment.body)
            part = EngineScheduleSpec(
                **size,
                body=tuple(range(count)),
                tail=tuple(range(count, len(assignment.nodes))),
            )
            schedule = Instance(f"{instance.name}_schedule", part, Scope.SHARED)
            parts.append(schedule)
            from_step(schedule, schedule.port("i"), ())
            wire(End(schedule.name, "o"), end, port.type, Scope.SHARED)
        elif instance.node == graph.result and port.direction is Direction.OUTPUT:
            wires.append(
                Channel(
                    source=end,
                    sink=NEXT_TOKEN,
                    produced=port.type,
                    consumed=port.type,
                    scope=Scope.TAIL,
                    value=graph.result,
                )
            )
        else:
            raise InternalError(f"Port {end} must have a stream, but no stage gave it one")
    positions = POSITIONS in {channel.source for channel in channels}
    sequencer = SequencerSpec(**size, vocabulary=graph.vocabulary, positions=positions)
    fanout = StepBroadcastSpec(**size, consumers=tuple(consumers))
    parts.append(Instance(SEQUENCER, sequencer, Scope.SHARED))
    parts.append(Instance(FANOUT, fanout, Scope.SHARED))
    step = parts[-1].port("i")
    wire(End(SEQUENCER, "o_step"), End(FANOUT, step.name), step.type, Scope.SHARED)
    return insert_forks((*instances, *parts), (*channels, *wires))
