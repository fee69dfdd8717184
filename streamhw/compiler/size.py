# SPDX-License-Identifier: Apache-2.0
"""Sizing: the flows of one layer at its bounds, as the FIFO program wants them."""

from dataclasses import replace

from .design import Channel, Design, Scope
from .estimate import CARRIED, Estimate
from .fifo import MINIMUM, Depths, Flow, size_fifos
from .schedule import HOP, Span, Timeline

__all__ = ["flows_of", "sized"]

REGISTERED = frozenset({"steps"})
"""Sources with a queue of their own at every output: a wire is enough behind them."""


def flows_of(estimate: Estimate, timeline: Timeline) -> list[Flow]:
    """Each stream of a timeline as two straight lines, symbols at their bounds.

    Conservative equalisation: a source writes no faster than its sink reads in the long run, since
    it may as well wait; what remains is the delay between paths that meet again.
    """
    bindings = estimate.bound()
    links = timeline.links
    beats = max((link.tokens(bindings) for link in links if link.source == CARRIED), default=1)
    entering = {CARRIED: Span(0.0, float(beats - 1))}
    work = timeline.run(entering, bindings, estimate.clock(), -1e9)
    flows = []
    for link in links:
        tokens = link.tokens(bindings)
        written = timeline.share(link, work[link.source].output)
        taken = work[link.sink].input
        interval = max(
            1.0,
            (written.last - written.first) / max(1, tokens - 1),
            (taken.last - taken.first) / max(1, tokens - 1),
        )
        flows.append(
            Flow(
                name=link.name,
                source=link.source,
                sink=link.sink,
                offset=written.first - work[link.source].input.first + HOP,
                tokens=tokens,
                write_interval=interval,
                read_interval=interval,
                bits=link.bits,
            )
        )
    return flows


def sized(design: Design) -> tuple[tuple[Channel, ...], Depths]:
    """Channels with depths, and the program's answer for the streams that it covers.

    Chooses  the linear program's depth where a value flows inside a layer or after the layers;
             all beats of a tensor for parameters that must wait on chip for their operand; a wire
             behind parts that end in a queue; else the minimum
    """
    estimate = Estimate(design)
    depths: dict[str, int] = {}
    delays: dict[str, float] = {}
    for timeline in (estimate.entry, estimate.body, estimate.tail):
        answer = size_fifos(flows_of(estimate, timeline))
        depths |= answer.depth
        delays |= answer.delay
    memory = design.memory
    assert memory is not None
    channels = tuple(replace(c, depth=_depth(c, depths)) for c in design.channels)
    return channels, Depths(depths, delays)


def _depth(channel: Channel, program: dict[str, int]) -> int:
    if channel.name in program:
        return program[channel.name]
    if channel.source.instance in REGISTERED or channel.source.instance.endswith("_dma"):
        return 0
    if channel.source.port == "o" and channel.source.instance.endswith("_width"):
        if channel.scope is not Scope.SHARED:
            return max(MINIMUM, channel.produced.tokens())
        return 16
    return MINIMUM
