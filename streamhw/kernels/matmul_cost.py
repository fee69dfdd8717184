# SPDX-License-Identifier: Apache-2.0
"""Cell estimate of the matmul engine, part by part; factors are fitted to synthesis for ECP5."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..stream.credit import credit_memory
from .base import Memory, Resources
from .matmul_drain import DRAIN_LATENCY
from .matmul_operand import OPERAND_LATENCY
from .matmul_pack import AFFINE_WORDS
from .matmul_row import SPACING
from .matmul_timing import fill_latency
from .requantise import multiplier_parts, sum_width

if TYPE_CHECKING:
    from .matmul import Matmul

__all__ = ["engine_resources"]

CONTROL = 150
"""LUTs and flip-flops of counters, enables and comparisons of a small engine."""


@dataclass(frozen=True)
class _Array:
    """adders: bits of all; ffs; operands: bits of a multiplier's; sum_width: bits of the sum of all
    columns; rows: that share a multiplier"""

    adders: int
    ffs: int
    operands: tuple[int, int]
    sum_width: int
    rows: int


def _array(spec: "Matmul") -> _Array:
    """Multipliers, chains and trees of all rows and token lanes, and registers around them."""
    inputs, chain, bits = spec.input_lanes, spec.chain, spec.weight_bits
    rows, count = (2, spec.rows // 2) if spec.paired else (1, spec.rows)
    above = SPACING + 1 if spec.paired else 0
    operand, product = bits + above, 8 + bits
    most = (chain << (7 + bits - 1)).bit_length() + 1 if chain > 1 or spec.paired else product
    chains = inputs // chain
    adders = chains * (chain - 1) * (most + above)
    ffs = inputs * (product + above) + (inputs * (most + above) if chain > 1 else 0)
    if spec.paired:
        adders += chains * most
        ffs += rows * chains * most
    width, left = most, chains
    while left > 1:
        width += 1
        adders += rows * (left // 2) * width
        left = (left + 1) // 2
        ffs += rows * left * width
    ffs += rows * (width + 8) if spec.is_grouped else 0
    adders += rows * spec.accumulator_width
    weights = spec.rows * inputs * bits
    around = weights * (OPERAND_LATENCY + (chain - 1) / 2) + count * inputs * operand
    around += spec.token_lanes * 8 * inputs * (2 + (chain - 1) / 2)
    around += 8 * spec.rows if spec.is_grouped else 0
    lanes = count * spec.token_lanes
    return _Array(lanes * adders, lanes * ffs + round(around), (operand, 8), width, rows)


def engine_resources(spec: "Matmul", slots: int) -> Resources:
    """Cells of the engine with ``slots`` places for tiles."""
    rows, lanes, width = spec.rows, spec.lanes, spec.accumulator_width
    widest = max(c.out.width + int(not c.out.signed) for c in spec.contexts)
    contexts = len(spec.contexts)

    array = _array(spec)
    adders, array_ffs, product = array.adders, array.ffs, array.sum_width
    muxes = rows * spec.token_lanes * width + (contexts - 1) * 8 * spec.input_lanes

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
    control = CONTROL + 8 * (fill_latency(spec) + DRAIN_LATENCY)

    layout, tokens = spec.layout, spec.token_lanes
    places = Memory(width, slots * layout.places, readers=2, asynchronous=True)
    memories = [places] * (rows * tokens)
    memories += [Memory(8 * rows, slots, asynchronous=True)] * (AFFINE_WORDS - 1)
    memories += [Memory(8 * spec.input_lanes, layout.depth)] * tokens
    if spec.is_grouped:
        groups = max(spec.tile_words(c) for c in spec.contexts) - AFFINE_WORDS
        beats = -(-groups // spec.header_lanes)
        deep = slots << max(1, (beats - 1).bit_length())
        memories.append(Memory(8 * rows * spec.header_lanes, deep))
    select = max(1, (contexts - 1).bit_length())
    queue = credit_memory(select + lanes * widest, DRAIN_LATENCY)
    multipliers = [array.operands] * (rows // array.rows * spec.input_lanes * tokens)
    if spec.is_grouped:
        multipliers += [(product, 8)] * (rows * tokens)
    multipliers += [(part, 16) for part in parts] * lanes
    return Resources(
        luts=adders + control,
        muxes=muxes,
        ffs=array_ffs + lanes * drain_ffs + control,
        multipliers=tuple(multipliers),
        memories=(*memories, *([queue] if queue else [])),
    )
