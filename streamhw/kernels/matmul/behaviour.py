# SPDX-License-Identifier: Apache-2.0
"""What the compiler must know of an engine: each of its products stores its operand, then works."""

from collections.abc import Callable
from functools import partial

from ...stream.behaviour import Behaviour, ContextBehaviour
from ...stream.itensor.itensor import SymbolValues
from ...stream.loop_order import LoopOrder
from ...stream.timing import Timing
from .context import MatmulContext
from .geometry import SLOTS, MatmulGeometry
from .timing import steps_of_sums, tile_drain, tile_latency

__all__ = ["engine_behaviour"]

OPERAND_BITS = 8


def engine_behaviour(
    spec: MatmulGeometry, alone: Callable[[MatmulContext, SymbolValues], Timing]
) -> Behaviour:
    """The behaviour of an engine; ``alone``: its timing with one context and no other."""
    store = spec.layout
    return Behaviour(
        multiplies=spec.rows * spec.input_lanes,
        products_a_multiplier=2 if spec.paired else 1,
        contexts=tuple(
            _context(spec, context, partial(alone, context)) for context in spec.contexts
        ),
        stored_bits=store.depth * store.lanes * store.inputs * OPERAND_BITS,
    )


def _context(
    spec: MatmulGeometry, context: MatmulContext, timing: Callable[[SymbolValues], Timing]
) -> ContextBehaviour:
    output_stationary = spec.loop_order is LoopOrder.OUTPUT_STATIONARY
    tiles = context.outputs // spec.rows
    return ContextBehaviour(
        name=context.name,
        operand=context.arrival,
        tiles=tiles,
        words=context.inputs // spec.input_lanes,
        timing=timing,
        latency=partial(tile_latency, spec, context),
        # What the formula counts from the last weight taken is early if a tile's weights are kept.
        drain=partial(tile_drain, spec, context) if output_stationary else None,
        stored=partial(_stored, spec, context),
        passes=partial(_passes, spec, context),
        first_sums=partial(steps_of_sums, spec, context),
        results_held=tiles <= SLOTS,
    )


def _passes(spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues) -> int:
    """Cycles for which a weight is used: groups of tokens that pass in parallel."""
    return -(-spec.tokens_of(context, symbol_values) // spec.token_lanes)


def _stored(spec: MatmulGeometry, context: MatmulContext, symbol_values: SymbolValues) -> int:
    """Cycles from the first beat of an operand to the first that the array may read."""
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
