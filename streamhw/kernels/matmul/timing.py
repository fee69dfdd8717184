# SPDX-License-Identifier: Apache-2.0
"""Cycles of the matmul engine: its sequencers followed tile by tile, exactly."""

from collections import deque
from collections.abc import Sequence

from ...stream.credit import credit_latency
from ...stream.itensor.itensor import SymbolValues
from ...stream.loop_order import LoopOrder
from ...stream.spec import Timing
from .activation_buffer import OPERAND_LATENCY
from .array import array_latency
from .context import MatmulContext
from .geometry import MatmulGeometry
from .output_stage import DRAIN_LATENCY
from .weight_buffer import WEIGHTS_LATENCY, store_words

__all__ = [
    "drain_latency",
    "engine_timing",
    "fill_latency",
    "product_timing",
    "steps_of_sums",
    "tile_results",
]


def fill_latency(spec: MatmulGeometry) -> int:
    """Cycles from the last x beat of a token issued to the first read of its sums."""
    return OPERAND_LATENCY + array_latency(spec) - 1


def drain_latency(spec: MatmulGeometry) -> int:
    """Cycles from the first read of a token's sums to its first result offered: the read and the
    sums pass the slices to the rows."""
    return credit_latency(2 * spec.row_slices + DRAIN_LATENCY)


def product_timing(
    spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues, slots: int
) -> Timing:
    """Of an invocation whose operand is stored and whose parameters are there, from the first x
    beat issued: to the first result offered, and to the last x beat; then, from the last weight
    taken to the last result, if those of the tiles before have left."""
    sums = steps_of_sums(spec, context, symbol_values)
    return Timing(
        latency=sums + fill_latency(spec) + drain_latency(spec),
        interval=_array_cycles(spec, context, symbol_values, slots),
        drain=_tile_drain(spec, context, symbol_values),
    )


def steps_of_sums(spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues) -> int:
    """Cycles in which the array works on a tile until the first sums are complete."""
    beats = -(-spec.tokens_of(context, symbol_values) // spec.token_lanes)
    steps = context.inputs // spec.input_lanes
    return steps if spec.loop_order is LoopOrder.OUTPUT_STATIONARY else (steps - 1) * beats + 1


def tile_results(spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues) -> int:
    """Beats of results of a tile, which leave one a cycle."""
    return sum(_results(spec, context, symbol_values))


def _results(
    spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues
) -> list[int]:
    """Beats of results of a tile, of all tokens that pass in parallel, for each pass."""
    tokens, together = spec.tokens_of(context, symbol_values), spec.token_lanes
    return [
        min(together, tokens - begin) * (spec.rows // spec.lanes)
        for begin in range(0, tokens, together)
    ]


def _tile_drain(spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues) -> int:
    """Cycles from the last weight taken, or, where the inputs are inside, the last x beat issued,
    to the last result offered, if no results of tiles before wait."""
    results = _results(spec, context, symbol_values)
    # A weight is held for all tokens; a store gives it again for each.
    inputs_inside = spec.loop_order is LoopOrder.OUTPUT_STATIONARY
    left = 0
    for beat, cycles in enumerate(results[-1:] if inputs_inside else results):
        left = max(left, beat) + cycles
    return fill_latency(spec) + left + drain_latency(spec)


def _array_cycles(
    spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues, slots: int
) -> int:
    """Cycles from the first x beat issued to the last. A tile waits for its scales, and those for
    a slot: of the tile ``slots`` before it, when its results have left."""
    results = _results(spec, context, symbol_values)
    words, beats = context.inputs // spec.input_lanes, len(results)
    fill, scales = fill_latency(spec), spec.tile_words(context) // spec.scale_lanes
    inputs_inside = spec.loop_order is LoopOrder.OUTPUT_STATIONARY
    begin = end = drained = 0
    loaded = -scales
    ends: list[int] = []
    for tile in range(context.outputs // spec.rows):
        if tile >= slots:
            loaded = max(loaded, ends[tile - slots])
        loaded += scales
        begin = max(end, loaded)
        for beat, cycles in enumerate(results):
            final = (beat + 1) * words - 1 if inputs_inside else (words - 1) * beats + beat
            drained = max(drained, begin + final + 1 + fill) + cycles
        ends.append(drained)
        end = begin + words * beats
    return end


class _Store:
    """When the store of weights takes the last word of each tile, if all are offered at once."""

    def __init__(self, words: int):
        self._words = words
        self._tiles: deque[tuple[int, int, int]] = deque()  # first word, end, and when it was read
        self._end, self._taken = 0, -1
        self._used: list[int] = [-1, -1]

    def take(self, words: int, uses: Sequence[int]) -> int:
        """For the next tile, whose words the array uses at these cycles."""
        begin, self._end = self._end, self._end + words
        self._taken += words
        while self._tiles and self._tiles[0][1] + self._words <= begin:
            self._tiles.popleft()
        for start, until, free in self._tiles:
            # The first word of this tile that needs the slot of one of those.
            first = max(begin, start + self._words)
            if first < min(self._end, until + self._words):
                self._taken = max(self._taken, free + self._end - 1 - first)
        # The store is two words ahead of the array, and slots are free two cycles after their use.
        self._used = [*self._used, *uses[-3:]][-3:]
        self._tiles.append((begin, self._end, self._used[0] + 2))
        return self._taken


def _no_sooner(come: Sequence[int], begin: int) -> list[int]:
    """Cycles of uses, one after the other, each when its word has come."""
    uses: list[int] = []
    for cycle in come:
        begin = max(begin, cycle)
        uses.append(begin)
        begin += 1
    return uses


def engine_timing(spec: MatmulGeometry, symbol_values: SymbolValues, slots: int) -> Timing:
    """Exact for commands of all contexts in order, and all inputs offered as early as accepted.

    slots: for tiles. Cycles are those in which something is accepted or begins, the first
    command at 0; an event is visible to the next stage a cycle later.
    """
    fill, output = fill_latency(spec), drain_latency(spec)
    freed = scales = operand = issued = drained = 0
    inputs_inside = spec.loop_order is LoopOrder.OUTPUT_STATIONARY
    store = _Store(store_words([c.inputs // spec.input_lanes for c in spec.contexts]))
    ends: list[int] = []  # of the drain of each tile
    firsts: list[int] = []  # drain start of each invocation
    single_drain = 0
    for run in range(2 + 2 * slots):
        last = 0  # cycle of the last beat accepted anywhere
        for position, c in enumerate(spec.contexts):
            n = spec.tokens_of(c, symbol_values)
            beats = -(-n // spec.token_lanes)
            words = c.inputs // spec.input_lanes
            pieces = spec.input_lanes // c.arrival.lanes
            accepted = max(operand, freed)
            operand = accepted + 1 + n * words * pieces
            scales = max(accepted, scales) + 1
            # the command waits for the loader of scales and for the end of the one before
            freed = max(accepted + 2, scales, issued)
            issued = max(freed, accepted + 1 + WEIGHTS_LATENCY) if inputs_inside else freed
            for tile in range(c.outputs // spec.rows):
                if len(ends) >= slots:
                    scales = max(scales, ends[-slots])
                scales += spec.tile_words(c) // spec.scale_lanes
                before, begin = issued, max(issued, scales)
                if inputs_inside:
                    # x in the order in which it is wanted, as it comes, or once all of it is here
                    in_order = spec.wants_in_order(c) or (n == 1 and c.follows)
                    if tile == 0 and (in_order or spec.flows(c)):
                        taken = spec.token_lanes if spec.flows(c) else 1
                        come = [accepted + 1 + min(n * words, k * taken) * pieces
                                for k in range(1, beats * words + 1)]  # fmt: skip
                        uses = _no_sooner(come, begin)
                    else:
                        uses = list(range(max(begin, operand), max(begin, operand) + beats * words))
                    final = uses[words - 1 :: words]
                    weight = store.take(words, uses)
                elif tile == 0 and n == 1 and c.follows:
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
                if not inputs_inside:
                    weight = previous if words > 1 else before if ends else 0
                last = max(last, scales - 1, operand - 1, weight)
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
