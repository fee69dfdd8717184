# SPDX-License-Identifier: Apache-2.0
"""What the compiler must know of an engine: each of its products stores its operand, then works."""

from functools import partial

from ...stream.behaviour import Behaviour, ContextBehaviour
from ...stream.itensor.itensor import SymbolValues
from .context import MatmulContext
from .digits import DIGIT_BITS
from .geometry import SLOTS, MatmulGeometry
from .timing import product_timing, steps_of_sums, tile_results

__all__ = ["engine_behaviour"]


def engine_behaviour(spec: MatmulGeometry) -> Behaviour:
    """The behaviour of an engine."""
    store = spec.layout
    return Behaviour(
        multiplies=spec.rows * spec.input_lanes,
        products_a_multiplier=2 if spec.paired else 1,
        contexts=tuple(_context(spec, context) for context in spec.contexts),
        stored_bits=store.depth * store.lanes * store.inputs * DIGIT_BITS,
    )


def _context(spec: MatmulGeometry, context: MatmulContext) -> ContextBehaviour:
    tiles = context.outputs // spec.rows
    return ContextBehaviour(
        name=context.name,
        operand=context.arrival,
        beat_cycles=context.digits,
        tiles=tiles,
        words=context.inputs // spec.input_lanes,
        timing=partial(product_timing, spec, context, slots=SLOTS),
        stored=partial(_stored, spec, context),
        passes=partial(_passes, spec, context),
        first_sums=partial(steps_of_sums, spec, context),
        results=partial(tile_results, spec, context),
        results_held=tiles <= SLOTS,
    )


def _passes(spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues) -> int:
    """Cycles for which a weight is used: sets of ``token_lanes`` rows that pass in parallel."""
    return -(-spec.x_rows_of(context, symbol_values) // spec.token_lanes)


def _stored(spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues) -> int:
    """Beats of an operand from its first to the first that the array may read."""
    arrival, tokens = (
        context.arrival.beats(symbol_values),
        spec.tokens_of(context, symbol_values),
    )
    word = spec.input_lanes // context.arrival.lanes
    if context.follows and tokens == 1:
        return word
    if spec.wants_in_order(context):
        # The array is not ahead of what comes: it has its last word when that is there.
        return max(word, arrival - tokens * (context.inputs // spec.input_lanes) + 1)
    return arrival
