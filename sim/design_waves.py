# SPDX-License-Identifier: Apache-2.0
"""What wave files show of a design: its streams at the kernels, and where a layer begins."""

from ..compiler.ir.levels import PlacedNetlist
from ..compiler.ir.netlist import Channel, End
from ..quantization.quantized_model import QuantizedModel
from ..stream.control.scope import Scope
from ..waves.shown_stream import Place, ShownStream
from .answer_steps import AnswerSteps
from .dataflow_order import dataflow_order
from .lane_sizes import LaneSizes

__all__ = ["layer_begin", "shown_streams"]

GROUPS = {Scope.ENTRY: "entry", Scope.BODY: "layer", Scope.TAIL: "tail", Scope.SHARED: "shared"}
"""What a kernel belongs to, in the order in which it is shown."""


def shown_streams(
    design: PlacedNetlist, quantized: QuantizedModel, steps: AnswerSteps
) -> list[ShownStream]:
    """All streams, each at its source and at its sink: along the dataflow of a layer.

    quantized: tells what the codes of values are in real numbers
    """
    rank = {instance.name: number for number, instance in enumerate(design.instances)}
    scopes = list(GROUPS)

    def order(channel: Channel) -> tuple[int, int]:
        source = channel.source.instance
        return scopes.index(design.instance(source).scope), rank[source]

    return [
        ShownStream(
            name=channel.name,
            fmt=channel.consumed.fmt,
            lanes=channel.consumed.lanes,
            places=tuple(_place(design, end) for end in (channel.source, channel.sink)),
            sizes=LaneSizes.of(channel, quantized, steps),
        )
        for channel in sorted(design.channels, key=order)
    ]


def layer_begin(
    design: PlacedNetlist, steps: AnswerSteps, token: int, layer: int
) -> tuple[str, int]:
    """The stream whose transfer begins a layer, and how many transfers pass before.

    token: of the answer, that the step leads to; layer: both from 0, of the prompt's first step if
        token is 0
    """
    body = [c for c in design.channels if c.scope is Scope.BODY and c.value is not None]
    channel = next(
        channel
        for channel in dataflow_order(design.graph, body)
        if len(steps.layers(channel)) == design.graph.loops[0].trips
    )
    first = steps.first_position(token)
    passed = 0
    for invocation in steps.invocations(channel):
        if (invocation.position, invocation.layer) == (first, layer):
            break
        passed += channel.consumed.beats(invocation.symbol_values)
    return channel.name, passed


def _place(design: PlacedNetlist, end: End) -> Place:
    group = GROUPS[design.instance(end.instance).scope]
    return Place(group=group, kernel=end.instance, port=end.port)
