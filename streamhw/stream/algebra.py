# SPDX-License-Identifier: Apache-2.0
"""Stream types from stream types: tiles cut to vectors and back, parts and wholes, copies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..numerics.fixed import Fixed
from .difference import difference
from .itensor import ITensor
from .nest import Loop, Symbol
from .normal import head_and_body, normal_loops

__all__ = [
    "Chunks",
    "broadcast",
    "cast",
    "chunk",
    "compose",
    "concat",
    "covers_once",
    "fork",
    "join",
    "tiled",
    "vectorise",
    "widen",
]


def covers_once(itensor: ITensor) -> bool:
    """Whether each element of the tensor passes exactly once, whatever the symbols' values.

    The loops of each dimension, by step, must continue each other tile by tile; a symbol's loop
    must be the last of them, for its end may be anywhere.
    """
    extent = list(itensor.tile)
    closed = [False] * itensor.rank
    for loop in sorted((x for x in itensor.loops if x.bound > 1), key=lambda x: x.step):
        if loop.dim is None or closed[loop.dim] or loop.step != extent[loop.dim]:
            return False
        closed[loop.dim] = isinstance(loop.trip, Symbol)
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


def vectorise(itensor: ITensor, vector: Sequence[int]) -> ITensor:
    """The type with each tile cut to vectors, which pass in row-major order.

    Raises ``ValueError`` if a size of the vector does not divide that of the tile.
    """
    return compose(itensor, tiled(itensor.fmt, itensor.tile, vector))


def widen(itensor: ITensor, tile: Sequence[int]) -> ITensor:
    """The type with the beats that make up a tile, in row-major order, as one beat: the inverse of
    ``vectorise``, in normal form.

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


@dataclass(frozen=True, kw_only=True)
class Chunks:
    """A stream seen as equal parts of a dimension.

    part: type of each part, with offsets from where the part begins
    index: type of the part's number, a beat for each beat of the whole; where its outermost loop is
        the only one that moves, the parts come one after the other, else they take turns
    """

    part: ITensor
    index: ITensor

    @property
    def is_in_order(self) -> bool:
        """Whether the parts come one after the other."""
        moving = [loop.dim is not None for loop in normal_loops(self.index.loops)]
        return moving[:1] != [False] and sum(moving) <= 1


def chunk(itensor: ITensor, parts: int, dim: int) -> Chunks:
    """The types of equal parts along a dimension, each of the beats that fall into it.

    The loop of the largest step along the dimension counts the parts, wherever it is in the nest;
    if there are more parts than iterations, together with the loop of the next smaller step.

    Raises ``ValueError`` if a part would begin inside an iteration, or at a symbol's value.
    """
    where = f"along dimension {dim} of {itensor}"
    if not 0 <= dim < itensor.rank or parts < 1 or itensor.tensor_shape()[dim] % parts:
        raise ValueError(
            f"chunk needs a number of parts that divides the extent, not {parts} {where}"
        )
    loops = normal_loops(itensor.loops)
    head, _ = head_and_body(loops)
    kept: list[Loop] = list(loops)
    numbers = [Loop(loop.trip) for loop in loops]
    left = parts
    along = [n for n, loop in enumerate(loops) if loop.dim == dim and loop.bound > 1]
    for place in sorted(along, key=lambda n: -loops[n].step):
        loop = loops[place]
        inside = sum((x.bound - 1) * x.step for x in kept if x.dim == dim and x is not kept[place])
        if left == 1:
            break
        count = min(left, loop.bound)
        if (
            isinstance(loop.trip, Symbol)
            or itensor.tile[dim] + inside != loop.step
            or loop.trip % count
            or left % count
            or (head and place == 0)
        ):
            raise ValueError(f"chunk needs parts of whole iterations, not {parts} {where}")
        left //= count
        kept[place] = replace(loop, trip=loop.trip // count)
        numbers[place] = Loop(count, left, 0)
    if left > 1:
        raise ValueError(f"chunk needs parts of at least a beat, not {parts} {where}")
    number: list[Loop] = []
    for short, counted in zip(kept, numbers, strict=True):
        number.append(counted)
        if counted.dim is not None:
            number.append(Loop(short.trip))
    fmt = Fixed(max(1, (parts - 1).bit_length()), signed=False)
    return Chunks(part=replace(itensor, loops=tuple(kept)), index=ITensor(fmt, (1,), tuple(number)))


def concat(types: Sequence[ITensor], dim: int, outside: int = 0) -> ITensor:
    """The type of parts put together along a dimension.

    outside: loops of the parts that stay around the choice of the part; 0: the parts come one after
        the other; else they take turns, once in each iteration of these loops

    Raises ``ValueError`` if the parts differ, or there is no such dimension or loop.
    """
    part = join(types)
    head, _ = head_and_body(part.loops)
    if not 0 <= dim < part.rank or not len(head) <= outside <= len(part.loops):
        raise ValueError(
            f"concat needs a dimension of the parts, and {len(head)} to {len(part.loops)} of their "
            f"loops outside, not {dim} and {outside} for {part}"
        )
    choice = Loop(len(types), part.tensor_shape()[dim], dim)
    return replace(part, loops=(*part.loops[:outside], choice, *part.loops[outside:]))


def fork(itensor: ITensor, outputs: int) -> tuple[ITensor, ...]:
    """The types of the copies of a stream: each is the stream's own.

    Raises ``ValueError`` if there is no copy.
    """
    if outputs < 1:
        raise ValueError(f"fork must have at least 1 output, not {outputs}")
    return (itensor,) * outputs


def join(types: Sequence[ITensor]) -> ITensor:
    """The one type of streams that meet beat by beat.

    Raises ``ValueError`` if there is none, or two of them are not the same stream.
    """
    if not types:
        raise ValueError("join must have at least 1 input, not 0")
    for number, other in enumerate(types[1:], 1):
        why = difference(types[0], other)
        if why is not None:
            raise ValueError(
                f"join must have one type, not {types[0]} at input 0 and {other} at input {number}:"
                f" {why}"
            )
    return types[0]


def _box(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
