# SPDX-License-Identifier: Apache-2.0
"""Cell estimate of the matmul engine, part by part; factors are fitted to synthesis."""

from dataclasses import dataclass, replace

from ...stream.credit import credit_memory
from ...stream.loop_order import LoopOrder
from ...stream.spec import Memory, Piece, Resources
from .array import array_latency, rows_of_group
from .digits import DIGIT_BITS
from .geometry import MatmulGeometry
from .multiplier import (
    MULTIPLE_BITS,
    SPACING,
    column_sum_bits,
    fabric_places,
    packed_levels,
    sum_bits,
    tree_levels,
)
from .output_stage import drain_cycles
from .packing import AFFINE_WORDS
from .requantizer import multiplier_parts, sum_width
from .timing import fill_latency
from .weight_buffer import store_words

__all__ = ["core_resources", "engine_pieces", "engine_resources", "row_resources"]

CONTROL = 150
"""LUTs and flip-flops of counters, enables and comparisons of a small engine."""

STORE = 80
"""LUTs and flip-flops of the pointers and counters of a store of weights."""

PIECES, DIVIDED_FROM = 8, 2048
"""Groups of rows that may be on different dies, and the products a cycle from which they may."""

PACKING = 3
"""LUTs that make one operand of two codes: the borrow."""


@dataclass(frozen=True)
class _Sums:
    """Adder bits and flip-flops between the multipliers and an accumulator, of all rows of a row
    module and one token lane; width: bits of the sum of all columns"""

    adders: int
    ffs: int
    width: int


def _sums(spec: MatmulGeometry, *, shared: bool) -> _Sums:
    """shared: whether two rows share their sums as far as these have room."""
    inputs, chain, weights = spec.input_lanes, spec.chain, spec.weights
    rows = 2 if spec.paired else 1
    parts, above = (1, SPACING) if shared else (rows, 0)
    until = packed_levels(inputs=inputs, chain=chain, weights=weights)
    chains, columns = inputs // chain, chain
    ffs = parts * inputs * (sum_bits(1, weights) + above)
    adders = 0
    if chain > 1:
        adders += parts * chains * (chain - 1) * (sum_bits(chain, weights) + above)
        ffs += parts * inputs * (sum_bits(chain, weights) + above)
    levels = tree_levels(chains)
    splits = [False] * levels
    if spec.paired:
        splits.insert(until, True)
    for level, is_split in enumerate(splits):
        if is_split:
            adders += chains * sum_bits(columns, weights) if shared else 0
            parts, above = rows, 0
        else:
            columns = min(2 * columns, inputs)
            adders += parts * (chains // 2) * (sum_bits(columns, weights) + above)
            chains = (chains + 1) // 2
        if (level + 1) % spec.levels == 0 or level == len(splits) - 1:
            ffs += parts * chains * (sum_bits(columns, weights) + above)
    width = sum_bits(inputs, weights)
    ffs += rows * (width + 8) if spec.is_grouped else 0
    if weights.has_offsets:
        ffs += rows * (_offset_bits(spec) + width + 9)
        adders += rows * (width + 9)
    return _Sums(adders + rows * spec.accumulator_width, ffs, width)


def _offset_bits(spec: MatmulGeometry) -> int:
    """Of an offset times the sum of the columns."""
    return 8 + column_sum_bits(spec.input_lanes)


def row_resources(spec: MatmulGeometry, depth: int) -> Resources:
    """One row module: multipliers, chains and trees of a row or of two, for all token lanes.

    depth: accumulators of a row and lane
    """
    inputs, bits = spec.input_lanes, spec.weights.value_bits
    rows = 2 if spec.paired else 1
    dsp_lanes, fabric_lanes = spec.token_lanes - spec.fabric_lanes, spec.fabric_lanes
    columns = inputs - spec.fabric_columns if dsp_lanes else 0
    in_dsps, in_luts = _sums(spec, shared=spec.paired), _sums(spec, shared=False)

    luts = dsp_lanes * in_dsps.adders + fabric_lanes * in_luts.adders
    # two bits of a code are a digit: a table a bit for every other one, adders for the rest
    luts += rows * len(_places(spec)) * ((20 * bits + 11 * (bits - 4)) // 4)
    luts += (columns + dsp_lanes * spec.fabric_columns) * PACKING if spec.paired else 0
    luts += rows * inputs * bits if spec.weights.levels else 0
    taken = rows * inputs * spec.weights.bits * (1 + (spec.chain - 1) / 2)
    taken += _group_bits(spec) * rows
    held = columns * (2 * bits + 1 if spec.paired else bits)
    held += (inputs - (0 if fabric_lanes else columns)) * rows * bits
    operand = SPACING + bits + 1 if spec.paired else bits
    multipliers = [(operand, 8)] * (columns * dsp_lanes)
    if spec.is_grouped:
        multipliers += [(in_luts.width, 8)] * (rows * spec.token_lanes)
    if spec.weights.has_offsets:
        multipliers += [(column_sum_bits(inputs), 8)] * (rows * spec.token_lanes)
    width, lanes = spec.accumulator_width, spec.token_lanes
    return Resources(
        luts=luts,
        ffs=round(taken) + held + dsp_lanes * in_dsps.ffs + fabric_lanes * in_luts.ffs,
        muxes=rows * width * (lanes - 1),
        multipliers=tuple(multipliers),
        memories=(Memory(width, depth, readers=2, asynchronous=True),) * (rows * lanes),
    )


def _places(spec: MatmulGeometry) -> list[tuple[int, int]]:
    return fabric_places(
        inputs=spec.input_lanes,
        lanes=spec.token_lanes,
        fabric_lanes=spec.fabric_lanes,
        fabric_columns=spec.fabric_columns,
    )


def _group_bits(spec: MatmulGeometry) -> int:
    """Bits of a group's multiplier and of its offset."""
    return 8 * (spec.is_grouped + spec.weights.has_offsets)


def _around(spec: MatmulGeometry) -> Resources:
    """What brings x to the rows, and the sum of its columns."""
    inputs, skew = spec.input_lanes, (spec.chain - 1) / 2
    multiples = 2 * MULTIPLE_BITS * len(_places(spec))
    ffs = spec.token_lanes * 8 * inputs * (1 + skew) + multiples * (1 + skew)
    adders, levels = 0, tree_levels(inputs)
    if spec.weights.has_offsets:
        for level in range(levels):
            left = -(-inputs >> level + 1)
            adders += spec.token_lanes * left * (9 + level)
            if (level + 1) % spec.levels == 0 or level == levels - 1:
                ffs += spec.token_lanes * left * (9 + level)
        waits = array_latency(spec) - 3 - -(-levels // spec.levels)
        ffs += spec.token_lanes * column_sum_bits(inputs) * waits
    return Resources(luts=multiples + adders, ffs=round(ffs))


def engine_pieces(spec: MatmulGeometry, slots: int) -> tuple[Piece, ...]:
    """Groups of rows of a large array: all rows work alike and meet only at the drain."""
    count = spec.rows // 2 if spec.paired else spec.rows
    products = spec.rows * spec.input_lanes * spec.token_lanes
    if products < DIVIDED_FROM or count % PIECES:
        return ()
    depth = slots * spec.layout.places
    row = _times(row_resources(spec, depth), count // PIECES)
    alike, own = _wires(spec, depth)
    bits = spec.rows // PIECES * own
    modules = count // PIECES
    group = rows_of_group(spec)
    steered = _steered(spec, depth, modules)
    row = replace(row, ffs=row.ffs + spec.row_slices * bits + steered)

    def instances(piece: int) -> tuple[str, ...]:
        rows = range(piece * modules, (piece + 1) * modules)
        names = [f"array.row_{n}" for n in rows]
        if spec.row_slices:
            names += [f"array.to_rows_{piece}", f"array.from_rows_{piece}"]
            names += [f"array.steer_rows_{n}" for n in rows[::group]]
        return tuple(names)

    return tuple(Piece(f"rows_{n}", row, bits, alike, instances(n)) for n in range(PIECES))


def _wires(spec: MatmulGeometry, depth: int) -> tuple[int, int]:
    """Bits to all rows alike, and from and to each of them alone."""
    lanes = spec.token_lanes
    alike = 8 * spec.input_lanes * lanes + 2 * MULTIPLE_BITS * len(_places(spec))
    alike += _steering(spec, depth)
    alike += lanes * column_sum_bits(spec.input_lanes) if spec.weights.has_offsets else 0
    own = spec.input_lanes * spec.weights.bits + spec.accumulator_width
    return alike, own + _group_bits(spec)


def _steering(spec: MatmulGeometry, depth: int) -> int:
    """Those of the bits to all rows that say what rows do; each group has the last register."""
    stages, lanes = array_latency(spec) - 2, spec.token_lanes
    addresses = 2 * (depth - 1).bit_length() + max(1, (lanes - 1).bit_length())
    return lanes * (stages + 1) + spec.chain + 1 + addresses + 1 + spec.is_grouped


def _steered(spec: MatmulGeometry, depth: int, modules: int) -> int:
    """Registers that steer so many row modules, a copy for each group of them."""
    return -(-modules // rows_of_group(spec)) * _steering(spec, depth) if spec.row_slices else 0


def _times(resources: Resources, count: int) -> Resources:
    return Resources(
        luts=count * resources.luts,
        ffs=count * resources.ffs,
        multipliers=resources.multipliers * count,
        memories=resources.memories * count,
        muxes=count * resources.muxes,
        delays=resources.delays * count,
    )


def engine_resources(spec: MatmulGeometry, slots: int) -> Resources:
    """Cells of the engine with ``slots`` slots for tiles."""
    count = spec.rows // 2 if spec.paired else spec.rows
    depth = slots * spec.layout.places
    rows = _times(row_resources(spec, depth), count)
    core = core_resources(spec, slots)
    sliced = spec.rows * _wires(spec, depth)[1] * spec.row_slices + _steered(spec, depth, count)
    return Resources(
        luts=rows.luts + core.luts,
        ffs=rows.ffs + core.ffs + sliced,
        multipliers=rows.multipliers + core.multipliers,
        memories=rows.memories + core.memories,
        muxes=rows.muxes + core.muxes,
        delays=rows.delays + core.delays,
    )


def core_resources(spec: MatmulGeometry, slots: int) -> Resources:
    """Cells of the engine without its rows."""
    rows, lanes, width = spec.rows, spec.lanes, spec.accumulator_width
    widest = max(c.out.width + int(not c.out.signed) for c in spec.contexts)
    contexts = len(spec.contexts)

    layout, tokens = spec.layout, spec.token_lanes
    around = _around(spec)
    adders = around.luts
    muxes = rows * width + (contexts - 1) * 8 * spec.input_lanes

    # requantizer: bias, product of parts, three registers of a shifter, clamp, round, saturate
    total = sum_width(spec.result_width)
    parts = multiplier_parts(total)
    kept = min(total + 17, widest + 2)
    operands = width + 32 + 16 + 6
    adders += lanes * (total + (total + 16) * (len(parts) - 1) + 3 * kept)
    muxes += lanes * (6 * (total + 17) + 2 * kept)
    muxes += lanes * operands * (rows // lanes - 1)
    drain_ffs = operands + total + 16 + sum(p + 16 for p in parts) + total + 16
    drain_ffs += 2 * (total + 17) + 4 * 6 + 2 * kept
    drain = drain_cycles([c.digits for c in spec.contexts])
    control = CONTROL + 8 * (fill_latency(spec) + drain)
    depth = slots * layout.places
    far = spec.row_slices * _wires(spec, depth)[0] - _steering(spec, depth)
    sliced = far * len(set(spec.row_dies))
    # the parameters of a tile wait for its sums
    delays = ((8 * (AFFINE_WORDS - 1) * lanes, 2 * spec.row_slices),) if spec.row_slices else ()

    if spec.has_digits:
        # the upper digit's sums wait for the lower one's, and parameters for both
        digits = sum(DIGIT_BITS * c.arrival.lanes for c in spec.contexts if c.digits > 1)
        adders += lanes * spec.result_width + 2 * digits
        drain_ffs += width + spec.result_width + 8 * (AFFINE_WORDS - 1)

    memories = [Memory(8 * rows, slots, asynchronous=True)] * (AFFINE_WORDS - 1)
    memories += [Memory(8 * spec.input_lanes, layout.depth)] * tokens
    if spec.is_grouped:
        banks = max(spec.scale_lanes, 1 + spec.weights.has_offsets)
        beats = max(spec.tile_words(c) for c in spec.contexts) // spec.scale_lanes
        beats = (beats - AFFINE_WORDS // spec.scale_lanes) * spec.scale_lanes // banks
        deep = slots << max(1, (beats - 1).bit_length())
        memories += [Memory(8 * rows, deep)] * banks
    if spec.loop_order is LoopOrder.OUTPUT_STATIONARY:
        words = store_words([c.inputs // spec.input_lanes for c in spec.contexts])
        memories.append(Memory(rows * spec.input_lanes * spec.weights.bits, words))
        control += STORE
    select = max(1, (contexts - 1).bit_length())
    queue = credit_memory(select + lanes * widest, 2 * spec.row_slices + drain)
    return Resources(
        luts=adders + control,
        muxes=muxes,
        ffs=around.ffs + lanes * drain_ffs + control + sliced,
        delays=delays,
        multipliers=tuple((part, 16) for part in parts) * lanes,
        memories=(*memories, *([queue] if queue else [])),
    )
