# SPDX-License-Identifier: Apache-2.0
"""Sizing: the depth of every FIFO of a design, and of the queue of its parameters."""

from collections.abc import Mapping
from dataclasses import replace

from ...boards.memory.ideal import IDEAL
from ...stream.control.scope import Scope
from ...stream.itensor.itensor import SymbolValues
from ..fifo import MINIMUM, Depths, size_fifos
from ..fifo.deadlock import prove
from ..ir.infrastructure import StaticDemuxSpec
from ..ir.levels import Netlist, SizedNetlist
from ..ir.netlist import Channel, Instance
from ..ir.serving import is_parameter_width
from ..lowering.parameter_routing import WIDE, queued_words
from ..performance.estimate import Estimate
from .dependency_cycles import closing_stream, smaller_converters
from .elide import elided
from .fifo_program import program_of
from .prefetch_depth import capacity, parameter_queue, prefetch_depth, with_prefetch
from .wait_graph import waits_of

__all__ = ["corners", "scenarios", "sized", "with_sized_prefetch"]


def corners(estimate: Estimate) -> tuple[tuple[int, int], ...]:
    """The corners of what a step can be: many or few tokens, at the end or the beginning of the
    context; each as the position of its first token and their number."""
    tiling, context = estimate.design.tiling, estimate.design.graph.context
    steps = ((end - n, n) for n in (tiling.token_batch, 1) for end in (context, n))
    return tuple(dict.fromkeys(steps))


def scenarios(estimate: Estimate) -> tuple[SymbolValues, ...]:
    """Values of the symbols that depths are made for: those of each corner, in layers with each of
    the windows."""
    found: dict[str, SymbolValues] = {}
    for position, tokens in corners(estimate):
        for layer in estimate.windows.kinds:
            values = estimate.values(position, tokens, layer)
            found[repr(values)] = values
    return tuple(found.values())


def sized(design: Netlist) -> tuple[dict[str, int], Depths]:
    """The depth of every queue, and the program's answer for the streams that it covers.

    Chooses  the linear program's depth where a value flows inside a layer or after the layers;
             all beats of a tensor for parameters that must wait on chip for their operand, unless
             a converter behind holds them (``elide``), and for any stream outside the program, or
             of few bits, that could close a dependency cycle (``fifo.deadlock``); a wire behind
             parts that end in a queue; else the minimum
    """
    # As fast as memory may ever be: what it does later, like any stall, costs no depth.
    estimate = Estimate.before_sizing(design, IDEAL)
    answers = [
        size_fifos(
            [program_of(estimate, timeline, values, name) for values in scenarios(estimate)],
            design.config.equalization,
        )
        for name, timeline in (
            ("entry", estimate.entry),
            ("layer", estimate.body),
            ("tail", estimate.tail),
        )
    ]
    depth = {name: depth for answer in answers for name, depth in answer.depth.items()}
    parts = {i.name: i for i in design.instances}
    queues = {c.name: _depth(c, depth, parts) for c in design.channels}
    waits = waits_of(design, queues)
    verdicts = prove(waits)
    while (cheapest := closing_stream(design.channels, queues, waits, verdicts, depth)) is not None:
        queues[cheapest.name] = cheapest.consumed.beats()
        waits = waits_of(design, queues)
        verdicts = prove(waits)
    depths = Depths(
        {c.name: queues[c.name] for c in design.channels if c.name in depth},
        {name: delay for answer in answers for name, delay in answer.delay.items()},
        tuple(certificate for answer in answers for certificate in answer.certificates),
        verdicts,
        dict(smaller_converters(design, queues)),
    )
    return queues, replace(depths, ahead=design.target.prefetch)


def with_sized_prefetch(design: SizedNetlist) -> SizedNetlist:
    """The design with a queue of parameters as deep as its program says, up to the board's limit.

    Assumes  all other queues have their depths
    """
    board, depths = design.board, design.depths
    estimate = Estimate.sized(design)
    answer = prefetch_depth(estimate, corners(estimate))
    ahead = capacity(answer.depth[parameter_queue(design)], board, design.target.prefetch)
    depths = replace(depths, certificates=(*depths.certificates, *answer.certificates), ahead=ahead)
    instances = with_prefetch(design.instances, board, ahead)
    return replace(design, instances=instances, depths=depths)


def _depth(channel: Channel, program: Mapping[str, int], parts: Mapping[str, Instance]) -> int:
    if channel.name in program:
        return program[channel.name]
    source = parts[channel.source.instance]
    if source.part.behaviour().queued:
        return 0
    if isinstance(source.part, StaticDemuxSpec) and channel.consumed.beat_bits >= WIDE:
        return 0  # what cuts wide beats has room for two
    if elided(channel, parts):
        return MINIMUM
    if is_parameter_width(source.part):
        if channel.scope is Scope.SHARED:
            return queued_words(channel.consumed.beat_bits)
        return max(MINIMUM, channel.produced.beats())
    return MINIMUM
