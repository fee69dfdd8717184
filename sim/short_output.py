# SPDX-License-Identifier: Apache-2.0
"""The kernel that gave too few beats: it took all of its input, and its type says that more follow.

A kernel behind it waits for the rest, and so does all that is behind that one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..compiler.ir.levels import PlacedNetlist
from ..compiler.ir.netlist import Channel, Instance
from ..stream.spec import Port, Role
from .answer_steps import AnswerSteps
from .dataflow_order import dataflow_order
from .hang import StuckStream

__all__ = ["ShortOutput", "short_output"]


@dataclass(frozen=True, kw_only=True)
class ShortOutput:
    """A stream that lacks beats though its kernel had all that it needs for them.

    kernel, label: the instance, and what it is; stream: of the beats
    position: of the step's first token; layer: None outside the loop
    given, wanted: beats of this invocation
    unsure: an input whose beats cannot be counted and that is empty: it may lack some itself
    """

    kernel: str
    label: str
    stream: str
    position: int
    layer: int | None
    given: int
    wanted: int
    unsure: str | None = None

    def __str__(self) -> str:
        layer = "" if self.layer is None else f"layer {self.layer} of "
        why = (
            "though it had all values for them"
            if self.unsure is None
            else f"had all values for them, and waits for data of {self.unsure}"
        )
        return (
            f"{self.kernel} ({self.label}) gave {self.given:,} of {self.wanted:,} beats of "
            f"{self.stream} in {layer}the step at position {self.position}, {why}"
        )


@dataclass(frozen=True)
class _Passage:
    """An invocation of a stream, and whether all of it has passed."""

    position: int
    layer: int | None
    first: int  # beats of all earlier ones
    beats: int
    whole: bool

    def is_for(self, other: "_Passage") -> bool:
        """Whether it is of the same step and layer; what leaves the loop is of all layers."""
        return self.position == other.position and (
            other.layer is None or self.layer in (other.layer, None)
        )


def short_output(
    design: PlacedNetlist, streams: Mapping[str, StuckStream], steps: AnswerSteps
) -> ShortOutput | None:
    """The first one of the first step and layer, in the order of the dataflow; one that is sure
    before others. None if no kernel gave too few beats.

    streams: when nothing moved any more
    """
    values = [c for c in design.channels if c.value is not None and c.name in streams]
    channels = dataflow_order(design.graph, values)
    found = [
        short
        for channel in channels
        if (short := _short(design, channel, channels, streams, steps)) is not None
    ]
    # Of one step, streams before the loop, in it and behind it are never short at once.
    found.sort(key=lambda s: (s.unsure is not None, s.position, s.layer or 0))
    return found[0] if found else None


def _short(
    design: PlacedNetlist,
    channel: Channel,
    counted: Sequence[Channel],
    streams: Mapping[str, StuckStream],
    steps: AnswerSteps,
) -> ShortOutput | None:
    """What a stream lacks, if that is its kernel's doing; counted: the streams of values."""
    stuck = streams[channel.name]
    if stuck.offered:
        return None  # what comes next is there, and nobody takes it
    given = stuck.passed + stuck.level
    short = next((p for p in _passages(design, channel, given, steps) if not p.whole), None)
    if short is None:
        return None
    instance = design.instance(channel.source.instance)
    port = instance.port(channel.source.port)
    needed: list[_Passage] = []
    beside: list[_Passage] = []
    for other in counted:
        found = streams[other.name]
        if other.sink.instance == instance.name and _together(port, _sink(design, other)):
            # A step's result is for the next step.
            if _sink(design, other).role is Role.NEXT_TOKEN:
                continue
            needed += _passages(design, other, found.passed, steps, at_sink=True)
        elif other.source.instance == instance.name and other is not channel:
            beside += _passages(design, other, found.passed + found.level, steps)
    inputs = [passage.whole for passage in needed if passage.is_for(short)]
    outputs = [passage.whole for passage in beside if passage.is_for(short)]
    # A kernel without values to wait for gives all of its outputs at once.
    if not (all(inputs) if inputs else any(outputs)):
        return None
    return ShortOutput(
        kernel=instance.name,
        label=instance.part.label,
        stream=channel.name,
        position=short.position,
        layer=short.layer,
        given=given - short.first,
        wanted=short.beats,
        unsure=_empty(design, instance, port, counted, streams),
    )


def _passages(
    design: PlacedNetlist,
    channel: Channel,
    passed: int,
    steps: AnswerSteps,
    *,
    at_sink: bool = False,
) -> Iterator[_Passage]:
    """All invocations of a stream, after so many beats.

    at_sink: with the layer that they are for: what leads from one to the next is for the next
    """
    source = design.instance(channel.source.instance).port(channel.source.port)
    sink = _sink(design, channel)
    first = 0
    for each in steps.invocations(channel):
        written = source.role is Role.WRITTEN  # one a token
        beats = (
            each.symbol_values["tokens"] if written else channel.consumed.beats(each.symbol_values)
        )
        assert isinstance(beats, int)
        layer = each.layer
        if at_sink and source.role is Role.LOOP_BACK and layer is not None:
            layer += 1
        elif at_sink and sink.role is Role.LOOP_ENTRY:
            layer = 0
        yield _Passage(each.position, layer, first, beats, passed >= first + beats)
        first += beats


def _sink(design: PlacedNetlist, channel: Channel) -> Port:
    return design.instance(channel.sink.instance).port(channel.sink.port)


def _together(output: Port, input: Port) -> bool:
    """Whether an output is made of an input: a shared engine has a pair for each product."""
    return output.context is None or input.context in (output.context, None)


def _empty(
    design: PlacedNetlist,
    instance: Instance,
    output: Port,
    counted: Sequence[Channel],
    streams: Mapping[str, StuckStream],
) -> str | None:
    """An input that is not counted, and for which the kernel waits."""
    known = {channel.name for channel in counted}
    for channel in design.channels:
        if channel.sink.instance != instance.name or channel.name in known:
            continue
        stuck = streams.get(channel.name)
        waits = stuck is not None and stuck.ready and not stuck.valid
        if waits and _together(output, _sink(design, channel)):
            return channel.name
    return None
