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
from .output_stage import drain_cycles
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
    """Cycles from the last read of a result's sums to the result offered: the read and the sums
    pass the slices to the rows."""
    return credit_latency(2 * spec.row_slices + drain_cycles([c.digits for c in spec.contexts]))


def product_timing(
    spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues, slots: int
) -> Timing:
    """Of an invocation whose operand is stored and whose parameters are there, from the first x
    beat issued: to the first result offered, and to the last x beat; then, from the last weight
    taken to the last result, if those of the tiles before have left."""
    sums = steps_of_sums(spec, context, symbol_values) + context.digits - 1
    return Timing(
        latency=sums + fill_latency(spec) + drain_latency(spec),
        interval=_array_cycles(spec, context, symbol_values, slots),
        drain=_tile_drain(spec, context, symbol_values),
    )


def steps_of_sums(spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues) -> int:
    """Cycles in which the array works on a tile until the first sums are complete: of all digits
    of a token."""
    beats = -(-spec.x_rows_of(context, symbol_values) // spec.token_lanes)
    steps, passes = context.inputs // spec.input_lanes, -(-context.digits // spec.token_lanes)
    if spec.loop_order is LoopOrder.OUTPUT_STATIONARY:
        return steps * passes
    return (steps - 1) * beats + passes


def tile_results(spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues) -> int:
    """Cycles in which the results of a tile leave: a beat of sums is read in each."""
    return sum(_results(spec, context, symbol_values))


def _results(
    spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues
) -> list[int]:
    """Cycles in which sums are read that a pass completes, for each pass of rows of x in parallel:
    those of two digits with the lower one."""
    rows, together = spec.x_rows_of(context, symbol_values), spec.token_lanes
    reads = spec.rows // spec.lanes
    if context.digits > together:
        return [0, context.digits * reads] * (rows // context.digits)
    return [min(together, rows - begin) * reads for begin in range(0, rows, together)]


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


def _words_wanted(spec: MatmulGeometry, context: MatmulContext, rows: int) -> list[int]:
    """How many words of x must be there for each beat of the first tile; none if all must be."""
    together, words = spec.token_lanes, context.inputs // spec.input_lanes
    passes = [min(rows, begin + together) for begin in range(0, rows, together)]
    if spec.flows(context):
        return passes
    if spec.wants_in_order(context):
        return list(range(1, rows * words + 1))
    if not context.follows or rows > context.digits:
        return []
    if spec.loop_order is LoopOrder.OUTPUT_STATIONARY:
        return [step * rows + newest for newest in passes for step in range(words)]
    return [step * rows + newest for step in range(words) for newest in passes]


def _cycles_of_words(spec: MatmulGeometry, context: MatmulContext, words: int) -> int:
    """Cycles in which so many words of x come; those of two digits come together, and the upper
    one's last beat before the lower one's."""
    pieces, digits = spec.input_lanes // context.arrival.lanes, context.digits
    return -(-words // digits) * digits * pieces - -words % digits


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
            n = spec.x_rows_of(c, symbol_values)
            beats = -(-n // spec.token_lanes)
            words = c.inputs // spec.input_lanes
            accepted = max(operand, freed)
            operand = accepted + 1 + _cycles_of_words(spec, c, n * words)
            as_it_comes = _words_wanted(spec, c, n)
            scales = max(accepted, scales) + 1
            # the command waits for the loader of scales and for the end of the one before
            freed = max(accepted + 2, scales, issued)
            issued = max(freed, accepted + 1 + WEIGHTS_LATENCY) if inputs_inside else freed
            for tile in range(c.outputs // spec.rows):
                if len(ends) >= slots:
                    scales = max(scales, ends[-slots])
                scales += spec.tile_words(c) // spec.scale_lanes
                before, begin = issued, max(issued, scales)
                if tile == 0 and as_it_comes:
                    come = [accepted + 1 + _cycles_of_words(spec, c, k) for k in as_it_comes]
                    uses = _no_sooner(come, begin)
                else:
                    uses = list(range(max(begin, operand), max(begin, operand) + beats * words))
                if inputs_inside:
                    final = uses[words - 1 :: words]
                    weight = store.take(words, uses)
                else:
                    final = uses[-beats:]
                    weight = uses[-beats - 1] + 1 if words > 1 else before if ends else 0
                issued = final[-1] + 1
                last = max(last, scales - 1, operand - 1, weight)
                for beat, (issue, reads) in enumerate(
                    zip(final, _results(spec, c, symbol_values), strict=True)
                ):
                    begin = max(drained, issue + 1 + fill)
                    if tile == position == 0 and beat == -(-c.digits // spec.token_lanes) - 1:
                        firsts.append(begin + c.digits - 1)
                    drained = begin + reads
                ends.append(drained)
        if run == 0:
            single_drain = drained - 1 + output - last
    return Timing(latency=firsts[0] + output, interval=firsts[-1] - firsts[-2], drain=single_drain)
