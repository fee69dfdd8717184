# SPDX-License-Identifier: Apache-2.0
"""Cycles of the matmul engine: its sequencers followed tile by tile, exactly."""

from typing import TYPE_CHECKING

from ..stream.credit import credit_latency
from ..stream.itensor import Bindings
from .base import Timing
from .matmul_array import array_latency
from .matmul_drain import DRAIN_LATENCY
from .matmul_operand import OPERAND_LATENCY

if TYPE_CHECKING:
    from .matmul import Matmul, MatmulContext

__all__ = ["drain_latency", "engine_timing", "fill_latency", "tile_latency"]


def fill_latency(spec: "Matmul") -> int:
    """Cycles from the last x beat of a token issued to the first read of its sums."""
    return OPERAND_LATENCY + array_latency(spec) - 1


def drain_latency(spec: "Matmul") -> int:
    """Cycles from the first read of a token's sums to its first result offered: the read and the
    sums pass the slices to the rows."""
    return credit_latency(2 * spec.row_slices + DRAIN_LATENCY)


def tile_latency(spec: "Matmul", context: "MatmulContext", bindings: Bindings) -> int:
    """Cycles from the first x beat issued to the first result offered; headers are there."""
    beats = -(-spec.tokens_of(context, bindings) // spec.token_lanes)
    steps = context.inputs // spec.input_lanes
    return (steps - 1) * beats + 1 + fill_latency(spec) + drain_latency(spec)


def engine_timing(spec: "Matmul", bindings: Bindings, slots: int) -> Timing:
    """Exact for commands of all contexts in order, and all inputs offered as early as accepted.

    slots: places for tiles. Cycles are those in which something is accepted or begins, the first
    command at 0; an event is visible to the next stage a cycle later.
    """
    fill, output = fill_latency(spec), drain_latency(spec)
    freed = header = operand = issued = drained = 0
    ends: list[int] = []  # of the drain of each tile
    firsts: list[int] = []  # drain start of each activation
    single_drain = 0
    for run in range(2 + 2 * slots):
        last = 0  # cycle of the last beat accepted anywhere
        for position, c in enumerate(spec.contexts):
            n = spec.tokens_of(c, bindings)
            beats = -(-n // spec.token_lanes)
            words = c.inputs // spec.input_lanes
            pieces = spec.input_lanes // c.arrival.lanes
            accepted = max(operand, freed)
            operand = accepted + 1 + n * words * pieces
            header = max(accepted, header) + 1
            # the command waits for the loader of headers and for the end of the one before
            freed = max(accepted + 2, header, issued)
            issued = freed
            for tile in range(c.outputs // spec.rows):
                if len(ends) >= slots:
                    header = max(header, ends[-slots])
                header += spec.tile_words(c) // spec.header_lanes
                before, begin = issued, max(issued, header)
                if tile == 0 and n == 1 and c.follows:
                    # words come one by one: the last but one, and the last
                    previous = max(begin + words - 1, accepted + 2 + (words - 1) * pieces)
                    final = [max(previous, accepted + 1 + words * pieces)]
                elif tile == 0 and spec.flows(c):
                    previous, final = begin, []
                    for beat in range(beats):
                        newest = min(n, (beat + 1) * spec.token_lanes)
                        begin = max(begin, accepted + 1 + newest * pieces)
                        final.append(begin)
                        begin += 1
                else:
                    previous = max(begin, operand) + (words - 1) * beats
                    final = [previous + beat for beat in range(beats)]
                issued = final[-1] + 1
                weight = previous if words > 1 else before if ends else 0
                last = max(last, header - 1, operand - 1, weight)
                begin = max(drained, final[0] + 1 + fill)
                if tile == position == 0:
                    firsts.append(begin)
                for beat, issue in enumerate(final):
                    tokens = min(spec.token_lanes, n - beat * spec.token_lanes)
                    drained = max(drained, issue + 1 + fill) + tokens * (spec.rows // spec.lanes)
                ends.append(drained)
        if run == 0:
            single_drain = drained - 1 + output - last
    return Timing(latency=firsts[0] + output, interval=firsts[-1] - firsts[-2], drain=single_drain)
