# SPDX-License-Identifier: Apache-2.0
"""Infrastructure found by what it serves: DMAs, and the way of the parameters from memory."""

from collections.abc import Iterable, Sequence

from ...stream.spec import Direction, Role
from .infrastructure import (
    PaddingRemoverSpec,
    ParameterReaderSpec,
    PassthroughSpec,
    SequencerSpec,
    StaticDemuxSpec,
    WidthSpec,
    WordCutterSpec,
)
from .levels import Dataflow
from .netlist import Instance, Part

__all__ = [
    "dma_serving",
    "dmas",
    "is_dma",
    "is_parameter_width",
    "is_write_dma",
    "parameter_demux_of",
    "parameter_dma_of",
    "parameter_path",
    "parameter_width_of",
    "sequencer_of",
]


def is_dma(instance: Instance) -> bool:
    """Whether an instance takes commands for memory."""
    return instance.has(Role.MEM_COMMAND, Direction.INPUT)


def is_write_dma(instance: Instance) -> bool:
    """Whether an instance takes what memory gets."""
    return instance.has(Role.MEM_WRITE, Direction.INPUT)


def is_parameter_width(part: Part) -> bool:
    """Whether a part makes memory beats the beats of a stream of parameters."""
    return isinstance(part, WidthSpec | PassthroughSpec | PaddingRemoverSpec)


def dmas(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """All DMAs, in their order."""
    return tuple(i for i in instances if is_dma(i))


def dma_serving(instances: Iterable[Instance], name: str) -> Instance:
    """The DMA of the part ``name``."""
    return next(i for i in dmas(instances) if i.serves == name)


def parameter_dma_of(instances: Sequence[Instance]) -> Instance:
    """The DMA of the parameters."""
    return dma_serving(instances, _reader(instances))


def parameter_demux_of(instances: Sequence[Instance]) -> Instance:
    """What routes the stream of parameters as it comes from memory."""
    reader = _reader(instances)
    return next(i for i in instances if isinstance(i.part, StaticDemuxSpec) and i.serves == reader)


def sequencer_of(instances: Iterable[Instance]) -> Instance:
    """What runs prompt and answer."""
    return next(i for i in instances if isinstance(i.part, SequencerSpec))


def parameter_width_of(instances: Iterable[Instance], target: str) -> Instance:
    """What makes memory beats the beats of the stream of parameters ``target``."""
    return next(i for i in instances if i.serves == target and is_parameter_width(i.part))


def parameter_path(design: Dataflow, target: str) -> tuple[Instance, ...]:
    """What the stream of parameters ``target`` passes behind the first demux, last to first:
    what makes its beats and, if a second demux routes it, that and what cuts beats for it."""
    width = parameter_width_of(design.instances, target)
    source = design.instance(next(design.into(width.name)).source.instance)
    if source == parameter_demux_of(design.instances):
        return (width,)
    (cutter,) = (i for i in design.instances if isinstance(i.part, WordCutterSpec))
    return (width, source, cutter)


def _reader(instances: Sequence[Instance]) -> str:
    """What asks for parameters."""
    return next(i.name for i in instances if isinstance(i.part, ParameterReaderSpec))
