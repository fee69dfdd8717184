# SPDX-License-Identifier: Apache-2.0
"""The beats of a step that takes one token, invocation by invocation."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

from ..compiler.ir.levels import PlacedNetlist
from ..compiler.mapping.row_windows import row_windows
from ..stream.control.scope import Scope
from ..stream.spec import Role

__all__ = ["Spans", "invocation_spans"]

Spans = tuple[tuple[int, int], ...]
"""Cycles of the first and the last beat of each invocation."""


def invocation_spans(
    design: PlacedNetlist, position: int, passed: Mapping[str, Sequence[int]]
) -> dict[str, Spans]:
    """When the beats of each invocation passed, by stream.

    position: of the token that the step takes; passed: cycles of the step's beats, by stream

    Streams that carry no value are left out: how many beats they have, their types do not say. So
    are those of which a beat passed before the step began.
    """
    layers = design.graph.loops[0].trips
    windows = row_windows(design.graph, design.tiling, design.board.beat_bits, design.cache_bits)
    lengths = [windows.lengths(position, 1, layer) for layer in range(layers)]
    instances = {instance.name: instance for instance in design.instances}
    found: dict[str, Spans] = {}
    for channel in design.channels:
        cycles = passed.get(channel.name, ())
        role = instances[channel.sink.instance].port(channel.sink.port).role
        times = {Role.LOOP_ENTRY: 1, Role.LOOP_BACK: layers - 1}.get(role, layers)
        shares = lengths[:times] if channel.scope is Scope.BODY else lengths[:1]
        beats = [channel.consumed.beats({"tokens": 1, "length": length}) for length in shares]
        ends = [0, *accumulate(beats)]
        if channel.value is not None and len(cycles) == ends[-1]:
            found[channel.name] = tuple(
                (int(cycles[begin]), int(cycles[end - 1])) for begin, end in pairwise(ends)
            )
    return found
