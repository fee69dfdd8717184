# SPDX-License-Identifier: Apache-2.0
"""Integer semantics of a quantized linear layer, and its weights as words of the matmul engine."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...numerics.element_format import OFFSET_BITS, ElementFormat
from ...numerics.fixed import Fixed, round_shift
from ...quantization.quantized_model import AFFINE_BYTES

__all__ = [
    "AFFINE_WORDS",
    "fold_groups",
    "linear_golden",
    "memory_beats",
    "pack_tile_scales",
    "pack_weight",
    "unpack_tile_scales",
    "unpack_weight",
]

Ints = NDArray[np.int64]
Numbers = NDArray[Any]
"""Integers of any type that holds them, also floating point."""
Bytes = NDArray[np.uint8]

AFFINE_WORDS = AFFINE_BYTES
"""Words of a tile's scales before the group multipliers: a byte of each row a word."""

_CHUNK = 1 << 22
"""Weights packed at a time: keeps temporaries of a large head in the cache."""


def fold_groups(
    weight: Numbers,
    group_multipliers: Numbers | None,
    group: int | None,
    group_offsets: Numbers | None = None,
) -> Numbers:
    """Weights times their group multipliers, plus their offsets: the matrix that ``linear_golden``
    multiplies with.

    Fold once and call ``linear_golden`` without multipliers when a matrix is used many times.
    """
    if group_multipliers is None or group is None:
        return weight
    factors = np.repeat(np.asarray(group_multipliers, dtype=np.float64), group, axis=1)
    matrix = np.multiply(factors, weight)
    if group_offsets is not None:
        offsets = np.asarray(group_offsets, dtype=np.float64) * (1 << OFFSET_BITS)
        matrix += np.repeat(offsets, group, axis=1)
    return matrix


def linear_golden(
    x: Numbers,
    weight: Numbers,
    group_multipliers: Numbers | None,
    bias: Numbers,
    mult: Numbers,
    shift: Numbers,
    out: Fixed,
    group: int | None,
    group_offsets: Numbers | None = None,
) -> Ints:
    """The exact result of the engine: ``saturate(round_shift((x . w + bias) * mult, shift))``.

    x: (rows, inputs); weight: (outputs, inputs); group_multipliers, group_offsets: (outputs,
    inputs / group) or ``None``; bias, mult, shift: (outputs). Products go through floating point
    where that is exact (all sums below 2**24 or 2**53), else through 64-bit integers.
    """
    matrix = fold_groups(np.asarray(weight), group_multipliers, group, group_offsets)
    total = (_exact_product(np.asarray(x), matrix) + np.asarray(bias, dtype=np.int64)) * np.asarray(
        mult, dtype=np.int64
    )
    return out.saturate(round_shift(total, np.asarray(shift, dtype=np.int64)))


def pack_tile_scales(
    bias: Numbers,
    mult: Numbers,
    shift: Numbers,
    group_multipliers: Numbers | None,
    group_offsets: Numbers | None = None,
    *,
    rows: int,
) -> Bytes:
    """Scale words of all tiles of ``rows`` outputs: (tiles, 8 + groups, rows), or two words a
    group, its multipliers and its offsets.

    Raises ``ValueError`` if a parameter does not fit its field.
    """
    for name, values, low, high in (
        ("bias", bias, -(1 << 31), (1 << 31) - 1),
        ("mult", mult, 0, (1 << 16) - 1),
        ("shift", shift, 0, 63),
    ):
        if np.min(values) < low or np.max(values) > high:
            raise ValueError(
                f"{name} must be {low} to {high}, not {np.min(values)} to {np.max(values)}"
            )
    tiles = len(bias) // rows
    wide = np.asarray(bias, dtype=np.int64).reshape(tiles, rows)
    factor = np.asarray(mult, dtype=np.int64).reshape(tiles, rows)
    fields = [wide >> (8 * byte) for byte in range(4)] + [factor, factor >> 8]
    fields += [np.asarray(shift, dtype=np.int64).reshape(tiles, rows), np.zeros_like(wide)]
    words = (np.stack(fields, axis=1) & 0xFF).astype(np.uint8)
    if group_multipliers is None:
        return words
    if np.min(group_multipliers) < 0 or np.max(group_multipliers) > 255:
        raise ValueError(
            f"group multipliers must be 0 to 255, not {np.min(group_multipliers)} to "
            f"{np.max(group_multipliers)}"
        )
    groups = np.asarray(group_multipliers, dtype=np.uint8).reshape(tiles, rows, -1)
    if group_offsets is not None:
        if np.min(group_offsets) < -128 or np.max(group_offsets) > 127:
            raise ValueError(
                f"group offsets must be -128 to 127, not {np.min(group_offsets)} to "
                f"{np.max(group_offsets)}"
            )
        offsets = np.asarray(group_offsets, dtype=np.int8).view(np.uint8)
        pairs = np.stack([groups, offsets.reshape(groups.shape)], axis=3)
        groups = pairs.reshape(tiles, rows, -1)
    return np.concatenate([words, groups.transpose(0, 2, 1)], axis=1)


def unpack_tile_scales(
    words: Numbers, *, has_offsets: bool = False
) -> tuple[Ints, Ints, Ints, Ints | None, Ints | None]:
    """The bias, mult, shift, group multipliers and offsets (or ``None``) that ``pack_tile_scales``
    took."""
    fields = np.asarray(words, dtype=np.int64)
    tiles, count, rows = fields.shape
    bias = (fields[:, :4] << (8 * np.arange(4))[:, None]).sum(axis=1).reshape(-1)
    bias = np.where(bias >= 1 << 31, bias - (1 << 32), bias)
    mult = (fields[:, 4] | fields[:, 5] << 8).reshape(-1)
    shift = fields[:, 6].reshape(-1)
    if count == AFFINE_WORDS:
        return bias, mult, shift, None, None
    groups = fields[:, AFFINE_WORDS:].transpose(0, 2, 1).reshape(tiles * rows, -1)
    if not has_offsets:
        return bias, mult, shift, groups, None
    offsets = groups[:, 1::2]
    return bias, mult, shift, groups[:, ::2], np.where(offsets >= 128, offsets - 256, offsets)


def pack_weight(weight: Numbers, *, rows: int, inputs: int) -> NDArray[np.int8]:
    """Weight words in order: (outputs / rows, inputs / lanes, rows * lanes) of a natural matrix."""
    outputs, columns = weight.shape
    tiles = np.asarray(weight).astype(np.int8, copy=False)
    tiles = tiles.reshape(outputs // rows, rows, columns // inputs, inputs)
    return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3)).reshape(
        outputs // rows, columns // inputs, rows * inputs
    )


def unpack_weight(words: Numbers, *, rows: int, inputs: int) -> Numbers:
    """The natural matrix (outputs, inputs) of weight words (tiles, steps, rows * lanes)."""
    tiles, steps, _ = words.shape
    matrix = np.asarray(words).reshape(tiles, steps, rows, inputs).transpose(0, 2, 1, 3)
    return matrix.reshape(tiles * rows, steps * inputs)


def memory_beats(
    scales: NDArray[np.uint8], weight: NDArray[np.int8], *, weights: ElementFormat, width: int
) -> Bytes:
    """Scale and weight words as they lie in memory: bytes of (beats, width / 8).

    Tile after tile: the scales of the next one, padded with zeros to a whole beat, then the
    weights, lane 0 in the lowest bits, padded to a whole beat; in front of all the first scales.
    Raises ``ValueError`` if ``width`` is no whole byte.
    """
    if width % 8 or width < 8:
        raise ValueError(f"width must be a multiple of 8 bits, not {width}")
    tiles = len(scales)
    scale_bytes = scales[0].size
    weight_bytes = weights.packed_bytes(weight[0].size)
    beat = width // 8
    head_beats, weight_beats = -(-scale_bytes // beat), -(-weight_bytes // beat)
    head, turn = head_beats * beat, (head_beats + weight_beats) * beat
    memory = np.zeros(tiles * turn, dtype=np.uint8)
    memory[:scale_bytes] = scales[0].reshape(-1)
    # Behind the first scales: those of the next tile, and weights. The last tile has no next one.
    turns = memory[head : tiles * turn - turn + head].reshape(tiles - 1, turn)
    turns[:, :scale_bytes] = scales[1:].reshape(tiles - 1, scale_bytes)
    last = memory[tiles * turn - turn + head :]
    for part in _parts(tiles, weight[0].size):
        codes = weights.pack(weight[part].reshape(-1, weight[0].size))
        turns[part, head : head + weight_bytes] = codes[: len(turns[part])]
    last[:weight_bytes] = codes[-1]
    return memory.reshape(-1, beat)


def _parts(tiles: int, size: int) -> Iterator[slice]:
    step = max(1, _CHUNK // size)
    return (slice(begin, begin + step) for begin in range(0, tiles, step))


def _exact_product(x: Numbers, matrix: Numbers) -> Ints:
    """``x @ matrix.T`` of integers, exactly."""
    largest = float(np.max(np.abs(x), initial=0)) if x.dtype != np.int8 else 128.0
    weights = float(max(np.max(matrix, initial=0), -float(np.min(matrix, initial=0))))
    bound = largest * weights * x.shape[1]
    if bound >= 2.0**53:
        return x.astype(np.int64) @ matrix.astype(np.int64).T
    dtype = np.float32 if bound < 2.0**24 else np.float64
    product = np.matmul(x.astype(dtype), matrix.astype(dtype, copy=False).T)
    return np.asarray(product, dtype=np.int64)
