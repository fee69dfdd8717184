# SPDX-License-Identifier: Apache-2.0
"""What must hold of the types of a design's streams, said with both types and where they part."""

from dataclasses import replace
from math import ceil

from ..errors import InternalError
from ..stream.converter.spec import ConverterSpec
from ..stream.itensor.algebra import covers_once
from ..stream.itensor.compare import difference
from ..stream.itensor.itensor import ITensor
from ..stream.spec import Direction
from .ir.infrastructure import ForkSpec
from .ir.levels import Dataflow, Netlist
from .ir.netlist import PARAMETERS
from .ir.serving import parameter_width_of
from .lowering.insert_control import NEXT_TOKEN, POSITIONS, TOKENS

__all__ = [
    "converters_convert",
    "ends_have_their_types",
    "forks_copy",
    "parameters_are_counted",
    "tensors_are_covered",
    "types_agree",
]

OUTSIDE = (TOKENS, POSITIONS, NEXT_TOKEN)
"""Ends at the sequencer, which comes after the streams to it."""


def ends_have_their_types(design: Dataflow) -> None:
    """Streams begin at outputs, end at inputs, and both exist with the type they claim."""
    instances = {i.name: i for i in design.instances}
    for channel in design.channels:
        for end, direction, claimed in (
            (channel.source, Direction.OUTPUT, channel.produced),
            (channel.sink, Direction.INPUT, channel.consumed),
        ):
            if end.instance == PARAMETERS or (end in OUTSIDE and end.instance not in instances):
                continue
            if end.instance not in instances:
                raise InternalError(f"Stream {channel} must end at parts, not {end}")
            ports = {port.name: port for port in instances[end.instance].part.ports}
            if end.port not in ports:
                raise InternalError(f"Stream {channel} must end at ports, not {end}")
            if ports[end.port].direction is not direction:
                raise InternalError(f"Stream {channel} must run from output to input, not {end}")
            type = ports[end.port].type
            # Raw ports say nothing about the number of beats.
            is_raw = type.tile == (1,) and not type.loops
            why = difference(type, replace(claimed, tile=(1,), loops=()) if is_raw else claimed)
            if why is not None:
                raise InternalError(
                    f"Stream {channel} must have the type of {end}, {type}, not {claimed}: {why}"
                )


def tensors_are_covered(design: Dataflow) -> None:
    """Both ends of a stream speak of one tensor, and each has every element of it: whatever a
    type repeats, a pass over its other loops sends each element once."""
    for channel in design.channels:
        shapes = [t.tensor_shape() for t in (channel.produced, channel.consumed)]
        if shapes[0] != shapes[1]:
            raise InternalError(
                f"Stream {channel} must carry one tensor, not {_box(shapes[0])} elements from "
                f"{channel.produced} and {_box(shapes[1])} to {channel.consumed}"
            )
        for type in (channel.produced, channel.consumed):
            if not covers_once(_one_pass(type)):
                raise InternalError(
                    f"Stream {channel} must pass each of {_box(shapes[0])} elements, "
                    f"not those of {type}"
                )


def types_agree(design: Dataflow) -> None:
    """Both ends of every stream have one type: as many beats, in one order."""
    for channel in design.channels:
        why = difference(channel.produced, channel.consumed)
        if why is not None:
            raise InternalError(
                f"Stream {channel} must have one type, not {channel.produced} at its source and "
                f"{channel.consumed} at its sink: {why}"
            )


def converters_convert(design: Dataflow) -> None:
    """No converter stands where a FIFO would do."""
    for instance in design.instances:
        part = instance.part
        if isinstance(part, ConverterSpec) and part.source.is_same_stream(part.target):
            raise InternalError(
                f"Converter {instance.name} must change its stream, not send {part.source} again"
            )


def forks_copy(design: Dataflow) -> None:
    """All outputs of a fork have its input's type, and there are at least two."""
    for instance in design.instances:
        part = instance.part
        if not isinstance(part, ForkSpec):
            continue
        taken, *copies = part.ports
        if len(copies) < 2:
            raise InternalError(f"Fork {instance.name} must have 2 outputs, not {len(copies)}")
        for copy in copies:
            why = difference(taken.type, copy.type)
            if why is not None:
                raise InternalError(
                    f"Fork {instance.name} must copy {taken.type}, not send {copy.type} to "
                    f"{copy.name}: {why}"
                )


def parameters_are_counted(design: Netlist) -> None:
    """Memory holds as many beats for each stream of parameters as its type fills, the last one
    perhaps in part, once each step for what is after the layers, once each layer for the rest."""
    plan = design.memory
    for target in plan.targets:
        beats = sum(
            segments.repeat * count
            for segments in (*plan.body, *plan.tail)
            for name, count in segments.parts
            if name == target
        )
        for channel in design.out_of(parameter_width_of(design.instances, target).name):
            type = channel.produced
            needed = ceil(type.beats() * type.beat_bits / (8 * plan.beat_bytes))
            if beats != needed:
                raise InternalError(
                    f"Stream {channel} must find {type.beats()} beats of {type} in "
                    f"{needed} memory beats, not in {beats}"
                )


def _one_pass(type: ITensor) -> ITensor:
    return replace(type, loops=tuple(loop for loop in type.loops if loop.dim is not None))


def _box(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
