# SPDX-License-Identifier: Apache-2.0
"""Reassociation: a stream seen as one of another shape, with data dimensions merged or split."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod

from .itensor import ITensor
from .loop_nest import Loop
from .normal_form import head_and_body, normal_loops

__all__ = ["reassociate"]


def reassociate(itensor: ITensor, shape: Sequence[int]) -> ITensor:
    """The type of the same beats for the tensor reshaped, row-major, to ``shape``.

    ``reassociate(t, shape).pack(x.reshape(shape))`` is ``t.pack(x)``. Every loop becomes a step in
    the row-major sequence of elements; that step is one along a new dimension, or, where the loop
    leaves the dimension, a loop of its own in the next one. Symbols count with their bounds.

    Raises ``ValueError`` if the numbers of elements differ, a beat is no box in the new shape, or
    a loop would move along two dimensions at once.
    """
    if prod(shape) != prod(itensor.tensor_shape()):
        raise ValueError(
            f"reassociate needs a shape of {prod(itensor.tensor_shape())} elements, "
            f"not {_box(shape)} for {itensor}"
        )
    strides = _strides(itensor.tensor_shape())
    why = f"for {_box(shape)} of {itensor}"
    flat = normal_loops(
        tuple(
            Loop(loop.trip)
            if loop.dim is None
            else Loop(loop.trip, loop.step * strides[loop.dim], 0)
            for loop in itensor.loops
        )
    )
    head, _ = head_and_body(itensor.loops)
    loops = [part for loop in flat for part in _moves(loop, shape, why)]
    if head and len(_moves(flat[0], shape, why)) != 1:
        raise ValueError(f"reassociate must leave the loop whole that values count, not {why}")
    tile = _tile(itensor, strides, shape, why)
    result = replace(itensor, tile=tile, loops=tuple(loops))
    if any(has > may for has, may in zip(result.tensor_shape(), shape, strict=True)):
        raise ValueError(f"reassociate needs loops that stay inside a dimension, not {why}")
    return replace(result, loops=normal_loops(result.loops))


def _moves(loop: Loop, shape: Sequence[int], why: str) -> list[Loop]:
    """A loop over row-major elements as loops over the dimensions of a shape."""
    if loop.dim is None or loop.trip == 1:
        return [Loop(loop.trip)]
    strides = _strides(shape)
    for dim, (extent, stride) in enumerate(zip(shape, strides, strict=True)):
        if extent == 1 or stride > loop.step:
            continue
        step, rest = divmod(loop.step, stride)
        if rest:
            break
        if (loop.bound - 1) * step < extent:
            return [Loop(loop.trip, step, dim)]
        inner = extent // step
        if extent % step or not isinstance(loop.trip, int) or loop.trip % inner or inner == 1:
            break
        outer = Loop(loop.trip // inner, loop.step * inner, 0)
        return [*_moves(outer, shape, why), Loop(inner, step, dim)]
    raise ValueError(
        f"reassociate needs loops that move along one dimension, not {loop.trip} steps of "
        f"{loop.step} elements {why}"
    )


def _tile(
    itensor: ITensor, strides: Sequence[int], shape: Sequence[int], why: str
) -> tuple[int, ...]:
    """The box of the new shape whose row-major elements are the lanes of a beat."""
    lanes = tuple(Loop(size, stride, 0) for size, stride in zip(itensor.tile, strides, strict=True))
    moves = [m for loop in normal_loops(lanes) for m in _moves(loop, shape, why)]
    moves = list(normal_loops(tuple(moves)))
    tile = [1] * len(shape)
    for move in moves:
        assert move.dim is not None
        tile[move.dim] = move.bound
    order = [move.dim for move in moves if move.dim is not None]
    if any(move.step != 1 for move in moves) or any(a >= b for a, b in pairwise(order)):
        raise ValueError(f"reassociate needs beats that are boxes of the new shape, not {why}")
    return tuple(tile)


def _strides(shape: Sequence[int]) -> list[int]:
    return [prod(shape[dim + 1 :]) for dim in range(len(shape))]


def _box(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
