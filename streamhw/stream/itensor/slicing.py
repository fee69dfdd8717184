# SPDX-License-Identifier: Apache-2.0
"""Types of parts and copies of a stream: chunk and concat along a dimension, fork and join."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...numerics.fixed import Fixed
from .compare import difference
from .itensor import ITensor
from .loop_nest import Loop, Symbol
from .normal_form import head_and_body, normal_loops

__all__ = ["Chunks", "chunk", "concat", "fork", "join"]


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
        return True not in moving or (moving[0] and moving.count(True) == 1)


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
