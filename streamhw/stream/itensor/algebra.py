# SPDX-License-Identifier: Apache-2.0
"""Stream types from stream types: tiles cut to vectors and back, other formats, broadcasts."""

from collections.abc import Sequence
from dataclasses import replace

from ...numerics.fixed import Fixed
from .itensor import ITensor
from .loop_nest import Loop, Symbol
from .normal_form import normal_loops, several_twos, substituted, two_values

__all__ = ["broadcast", "cast", "compose", "covers_once", "tiled", "vectorize", "widen"]


def covers_once(itensor: ITensor) -> bool:
    """Whether each element of the tensor passes exactly once, whatever the symbols' values.

    The loops of each dimension, by step, must continue each other tile by tile; a symbol's loop
    must be the last of them, for its end may be anywhere.
    """
    return all(
        _continues(itensor.tile, substituted(itensor.loops, values))
        for values in two_values(several_twos(itensor.loops))
    )


def _continues(tile: Sequence[int], loops: Sequence[Loop]) -> bool:
    extent, is_closed = list(tile), [False] * len(tile)
    for loop in sorted((x for x in loops if x.bound > 1), key=lambda x: x.step):
        if loop.dim is None or is_closed[loop.dim] or loop.step != extent[loop.dim]:
            return False
        is_closed[loop.dim] = isinstance(loop.trip, Symbol)
        extent[loop.dim] *= loop.bound
    return True


def tiled(
    fmt: Fixed,
    shape: Sequence[int | Symbol],
    tile: Sequence[int],
    order: Sequence[int] | None = None,
) -> ITensor:
    """A tensor sent tile by tile, a tile a beat; ``order`` names the dimensions of the loops over
    the tiles, outermost first (0, 1, ... if not given).

    Raises ``ValueError`` if a tile size does not divide its extent, or ``order`` is no permutation.
    """
    order = range(len(shape)) if order is None else order
    if len(tile) != len(shape) or sorted(order) != list(range(len(shape))):
        raise ValueError(
            f"tiled needs a size and a place for each of {len(shape)} dimensions, "
            f"not tile {tuple(tile)} and order {tuple(order)}"
        )
    loops = []
    for dim in order:
        extent, size = shape[dim], tile[dim]
        if isinstance(extent, int) and size > 0 and extent % size == 0:
            loops.append(Loop(extent // size, size, dim))
        elif size == 1:
            loops.append(Loop(extent, 1, dim))
        else:
            raise ValueError(f"tile must divide extent {extent} of dimension {dim}, not {size}")
    return ITensor(fmt, tuple(tile), tuple(loops))


def compose(outer: ITensor, inner: ITensor) -> ITensor:
    """The type of ``outer`` whose tiles are sent as ``inner`` says, a beat of ``inner`` at a time.

    Raises ``ValueError`` if ``inner`` does not send each element of a tile of ``outer`` once.
    """
    if inner.fmt != outer.fmt or inner.tensor_shape() != outer.tile:
        raise ValueError(
            f"compose needs an inner type over tiles of {outer}, not {inner} "
            f"over {_box(inner.tensor_shape())}"
        )
    if not covers_once(inner) or inner.symbols:
        raise ValueError(f"compose needs an inner type of each element once, not {inner}")
    below = tuple(loop for loop in inner.loops if loop.trip != 1)
    return replace(outer, tile=inner.tile, loops=outer.loops + below)


def vectorize(itensor: ITensor, vector: Sequence[int]) -> ITensor:
    """The type with each tile cut to vectors, which pass in row-major order.

    Raises ``ValueError`` if a size of the vector does not divide that of the tile.
    """
    return compose(itensor, tiled(itensor.fmt, itensor.tile, vector))


def widen(itensor: ITensor, tile: Sequence[int]) -> ITensor:
    """The type with the beats that make up a tile, in row-major order, as one beat: the inverse of
    ``vectorize``, in normal form.

    Raises ``ValueError`` if a tile is no multiple of a beat, or its beats do not come in a row.
    """
    inner = normal_loops(tiled(itensor.fmt, tile, itensor.tile).loops)
    rest = list(normal_loops(itensor.loops))
    for loop in reversed(inner):
        last = rest.pop() if rest else Loop(1)
        if (last.step, last.dim) != (loop.step, loop.dim) or last.bound % loop.bound:
            raise ValueError(
                f"widen needs beats that walk tiles of {_box(tile)} one by one, not {itensor}"
            )
        if isinstance(last.trip, Symbol):
            raise ValueError(f"widen needs whole tiles of {_box(tile)}, not {last} in {itensor}")
        if last.bound > loop.bound:
            rest.append(Loop(last.bound // loop.bound, last.step * loop.bound, last.dim))
    return ITensor(itensor.fmt, tuple(tile), tuple(rest))


def cast(itensor: ITensor, fmt: Fixed) -> ITensor:
    """The same bits in the same order, read in another format of the same width.

    Raises ``ValueError`` if the widths differ.
    """
    if fmt.width != itensor.fmt.width:
        raise ValueError(
            f"cast needs a format of {itensor.fmt.width} bits, not {fmt} for {itensor}"
        )
    return replace(itensor, fmt=fmt)


def broadcast(itensor: ITensor, dim: int) -> ITensor:
    """The type of an operand that is the same for all indices of a dimension, beat for beat with a
    stream: the loops along the dimension read it again.

    Raises ``ValueError`` if a beat has several elements along the dimension.
    """
    if not 0 <= dim < itensor.rank or itensor.tile[dim] != 1:
        raise ValueError(
            f"broadcast needs a dimension of one element a beat, not {dim} of {itensor}"
        )
    loops = tuple(Loop(x.trip) if x.dim == dim else x for x in itensor.loops)
    return replace(itensor, loops=loops)


def _box(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
