# SPDX-License-Identifier: Apache-2.0
"""Control: the sequencer, and a stream of what it says to every part that must know of steps."""

from ...errors import InternalError
from ...graph import ArgMax, Graph
from ...stream.control.step_broadcast import (
    CausalLengths,
    StepConsumer,
    StepScope,
    loop_layout,
    step_layout,
)
from ...stream.itensor.itensor import ITensor
from ...stream.spec import Direction, Port
from ..ir.design import Channel, End, Instance, Scope
from ..ir.infrastructure import EngineScheduleSpec, SequencerSpec, StepBroadcastSpec
from ..mapping.engine_sharing import EngineAssignment
from ..mapping.tiling import Tiling
from .insert_converters import insert_forks

__all__ = ["SEQUENCER", "add_control", "open_ports"]

SEQUENCER = "sequencer"
FANOUT = "steps"
STEPS_AHEAD = 4
"""Steps that may wait for a part: how far the parameter reader may run ahead, in layers."""

SCOPES = {Scope.BODY: StepScope.BODY, Scope.TAIL: StepScope.TAIL, Scope.SHARED: StepScope.BOTH}


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
    assignments: tuple[EngineAssignment, ...],
    instances: tuple[Instance, ...],
    channels: tuple[Channel, ...],
) -> tuple[tuple[Instance, ...], tuple[Channel, ...]]:
    """Adds the sequencer and closes all control ports.

    Assumes  every other port has its stream
    Ensures  no port is open; ``i_tokens`` gets the group's size once an activation, ``i_length``
             the causal length once a row, ``i_length_by_<n>`` the same in beats of n positions,
             ``i_step`` the step, ``i_run`` the engine's commands
    Raises   ``InternalError`` if an open port has another name
    """
    layers = graph.loops[0].trips
    size = {"tokens": tiling.token_batch, "context": graph.context, "layers": layers}
    consumers: list[StepConsumer] = []
    parts: list[Instance] = []
    wires: list[Channel] = []
    lengths: dict[tuple[int, int], Instance] = {}
    result = next(n.name for n in graph.nodes if isinstance(getattr(n, "op", None), ArgMax))

    def wire(source: End, sink: End, type: ITensor, scope: Scope) -> None:
        wires.append(Channel(source=source, sink=sink, produced=type, consumed=type, scope=scope))

    def from_step(sink: Instance, port: Port, fields: tuple[str, ...]) -> None:
        consumers.append(
            StepConsumer(name=sink.name, scope=SCOPES[sink.scope], fields=fields, depth=STEPS_AHEAD)
        )
        wire(End(FANOUT, f"o_{sink.name}"), End(sink.name, port.name), port.type, sink.scope)

    for instance, port in open_ports(instances, channels):
        end = End(instance.name, port.name)
        if port.name == "i_tokens":
            from_step(instance, port, ("tokens",))
        elif port.name == "i_step":
            from_step(instance, port, step_fields(port, size))
        elif port.name.startswith("i_length"):
            heads, by = port.type.beats({"tokens": 1}), port.name.removeprefix("i_length_by_")
            positions = int(by) if by != port.name else 1
            key = (heads, positions)
            if key not in lengths:
                counter = CausalLengths(
                    tokens=tiling.token_batch,
                    context=graph.context,
                    heads=heads,
                    positions=positions,
                )
                name = f"lengths_{heads}" if positions == 1 else f"lengths_{heads}_by_{positions}"
                lengths[key] = Instance(name, counter, Scope.BODY)
                parts.append(lengths[key])
                from_step(lengths[key], lengths[key].port("i"), ("tokens", "position"))
            wire(End(lengths[key].name, "o"), end, port.type, Scope.BODY)
        elif port.name == "i_run":
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
        elif instance.name == result and port.direction is Direction.OUTPUT:
            wires.append(
                Channel(
                    source=end,
                    sink=End(SEQUENCER, "i_next"),
                    produced=port.type,
                    consumed=port.type,
                    scope=Scope.TAIL,
                    value=result,
                )
            )
        else:
            raise InternalError(f"Port {end} must have a stream, but no stage gave it one")
    positions = End(SEQUENCER, "o_position") in {channel.source for channel in channels}
    sequencer = SequencerSpec(**size, vocabulary=graph.vocabulary, positions=positions)
    fanout = StepBroadcastSpec(**size, consumers=tuple(consumers))
    parts.append(Instance(SEQUENCER, sequencer, Scope.SHARED))
    parts.append(Instance(FANOUT, fanout, Scope.SHARED))
    step = parts[-1].port("i")
    wire(End(SEQUENCER, "o_step"), End(FANOUT, "i"), step.type, Scope.SHARED)
    return insert_forks((*instances, *parts), (*channels, *wires))


def step_fields(port: Port, size: dict[str, int]) -> tuple[str, ...]:
    """The fields of a step that a port's width stands for."""
    if port.type.beat_bits == step_layout(**size).size:
        return ()
    narrow = loop_layout(tokens=size["tokens"], layers=size["layers"])
    if port.type.beat_bits == narrow.size:
        return tuple(narrow.members)
    raise InternalError(f"Port {port.name} must take a step, not {port.type.beat_bits} bits")
