# SPDX-License-Identifier: Apache-2.0
"""Cell estimate of the matmul engine, part by part; factors are fitted to synthesis for ECP5."""

from math import prod
from typing import TYPE_CHECKING

from ..stream.credit import credit_memory
from .base import Memory, Resources
from .matmul_array import array_latency
from .matmul_drain import DRAIN_LATENCY
from .matmul_pack import AFFINE_WORDS
from .requantise import multiplier_parts, sum_width

if TYPE_CHECKING:
    from .matmul import Matmul

__all__ = ["engine_resources"]

CONTROL = 150
"""LUTs and flip-flops of counters, enables and comparisons of a small engine."""


def engine_resources(spec: "Matmul", slots: int) -> Resources:
    """Cells of the engine with ``slots`` places for tiles."""
    rows, lanes, width = spec.rows, spec.lanes, spec.accumulator_width
    widest = max(c.out.width + int(not c.out.signed) for c in spec.contexts)
    contexts = len(spec.contexts)

    tree, product = 0, 8 + spec.weight_bits
    registers, left = spec.input_lanes * product, spec.input_lanes
    while left > 1:
        product += 1
        tree += left // 2 * product
        left = (left + 1) // 2
        registers += left * product
    grouped = product + 8 if spec.is_grouped else 0
    array_ffs = rows * (spec.input_lanes * spec.weight_bits + registers + grouped)
    array_ffs += 8 * spec.input_lanes + (8 * rows if spec.is_grouped else 0)
    adders = rows * (tree + width)
    muxes = rows * width + (contexts - 1) * 8 * spec.input_lanes

    # requantiser: bias, product of parts, three registers of a shifter, clamp, round, saturate
    total = sum_width(width)
    parts = multiplier_parts(total)
    kept = min(total + 17, widest + 2)
    operands = width + 32 + 16 + 6
    adders += lanes * (total + (total + 16) * (len(parts) - 1) + kept + 2 * widest)
    muxes += lanes * (6 * (total + 17) + kept + 2 * widest)
    muxes += lanes * operands * (rows // lanes - 1)
    drain_ffs = operands + total + 16 + sum(p + 16 for p in parts) + total + 16
    drain_ffs += 3 * (total + 17) + 5 * 6 + 2 * kept + widest
    control = CONTROL + 8 * (array_latency(spec.input_lanes, spec.is_grouped) + DRAIN_LATENCY)

    places = Memory(width, slots * spec.token_places, readers=2, asynchronous=True)
    memories = [places] * rows
    memories += [Memory(8 * rows, slots, asynchronous=True)] * (AFFINE_WORDS - 1)
    if spec.is_grouped:
        groups = max(spec.tile_words(c) for c in spec.contexts) - AFFINE_WORDS
        memories.append(Memory(8 * rows, slots << max(1, (groups - 1).bit_length())))
    select = max(1, (contexts - 1).bit_length())
    queue = credit_memory(select + lanes * widest, DRAIN_LATENCY)
    multipliers = [(8, spec.weight_bits)] * prod((rows, spec.input_lanes))
    if spec.is_grouped:
        multipliers += [(product, 8)] * rows
    multipliers += [(part, 16) for part in parts] * lanes
    return Resources(
        luts=adders + control,
        muxes=muxes,
        ffs=array_ffs + lanes * drain_ffs + control,
        multipliers=tuple(multipliers),
        memories=(*memories, *([queue] if queue else [])),
    )
