# SPDX-License-Identifier: Apache-2.0
"""What a layout converter must hold: the common prefix of two loop nests and the block below it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from ..axis import Axis
from ..itensor.itensor import ITensor, Loop, Symbol

__all__ = ["ConverterPlan", "analyze"]


@dataclass(frozen=True, kw_only=True)
class ConverterPlan:
    """The buffer between two types and the two walks over it.

    shared: loops that both nests begin with; the buffer holds one block of what is below them
    source, target: the two nests below the shared loops, in steps of the block
    block: elements of the block along each data dimension, symbols at their bounds
    words, lanes: words of a block and elements of a word; a word is the wider one of the tiles
    banks: tiles of the narrower type in a word; each is a memory of its own
    write, read: the walks over a block, increments in words, or, on the narrower side, in
        ``2**bank_bits`` addresses a word
    follow: the first pass of the target reads in the order of the source, so that it needs not
        wait for the whole block
    """

    shared: tuple[Loop, ...]
    source: tuple[Loop, ...]
    target: tuple[Loop, ...]
    block: tuple[int, ...]
    words: int
    lanes: int
    banks: int
    write: tuple[Axis, ...]
    read: tuple[Axis, ...]
    follow: bool

    @property
    def bank_bits(self) -> int:
        """Low address bits of the narrower side that choose the bank."""
        return (self.banks - 1).bit_length()

    @property
    def reuse(self) -> int:
        """How often a block is read, with symbols at their bounds."""
        return prod(loop.bound for loop in self.target if loop.dim is None)


def analyze(source: ITensor, target: ITensor) -> ConverterPlan:
    """Plans the conversion of ``source`` to ``target``.

    Walks the common prefix of the two nests (same trip, step and dimension), splitting a loop
    where the other nest has it in two parts; what is below the prefix is one block.

    Raises ``ValueError`` if the types carry different formats or ranks, their tiles differ by more
    than an integer factor along the last dimension, a nest does not cover its block tile by tile,
    the source repeats tiles, or the target reads more than the source wrote.
    """
    pair = f"{source} to {target}"
    if source.fmt != target.fmt or source.rank != target.rank:
        raise ValueError(f"Converter types must have one format and rank, not {pair}")
    narrow, wide = sorted((source.tile, target.tile))
    if narrow[:-1] != wide[:-1] or wide[-1] % narrow[-1]:
        raise ValueError(
            f"Converter tiles must differ by an integer factor along the last dimension only, "
            f"not {pair}"
        )
    shared, below_source, below_target = _prefix(_walked(source), _walked(target))
    block, below_source = _cover(source.tile, shared, below_source, pair)
    wanted, below_target = _cover(target.tile, shared, below_target, pair)
    if wanted != block:
        raise ValueError(f"Converter types must cover the same block, not {pair}")
    _check_symbols(shared, below_source, below_target, pair)

    banks = wide[-1] // narrow[-1]
    if source.tile != wide:
        below_source = _split(below_source, wide[-1], source.rank - 1, pair)
    if target.tile != wide:
        below_target = _split(below_target, wide[-1], target.rank - 1, pair)
    grid = [extent // size for extent, size in zip(block, wide, strict=True)]
    plan = ConverterPlan(
        shared=shared,
        source=below_source,
        target=below_target,
        block=block,
        words=prod(grid),
        lanes=prod(wide),
        banks=banks,
        write=(),
        read=(),
        follow=_follows(source, target, below_source, below_target),
    )
    strides = [prod(grid[d + 1 :]) for d in range(len(grid))]

    def axes(loops: Sequence[Loop], tile: tuple[int, ...]) -> tuple[Axis, ...]:
        scale = 1 if tile == wide else 1 << plan.bank_bits
        return tuple(
            Axis(trip=loop.trip, increment=_increment(loop, narrow, wide, strides, scale))
            for loop in loops
        )

    walks = {"write": axes(below_source, source.tile), "read": axes(below_target, target.tile)}
    return ConverterPlan(**{**plan.__dict__, **walks})


def _walked(itensor: ITensor) -> tuple[Loop, ...]:
    """Loops of the normal form that a walk goes through more than once."""
    return tuple(loop for loop in itensor.normal().loops if loop.trip != 1)


def _prefix(
    source: tuple[Loop, ...], target: tuple[Loop, ...]
) -> tuple[tuple[Loop, ...], tuple[Loop, ...], tuple[Loop, ...]]:
    """The loops that both nests begin with, and the rest of each."""
    shared: list[Loop] = []
    s, t = list(source), list(target)
    while s and t:
        if s[0] != t[0]:
            s, t = _align(s, t), _align(t, s)
        if s[0] != t[0]:
            break
        shared.append(s.pop(0))
        t.pop(0)
    return tuple(shared), tuple(s), tuple(t)


def _align(nest: list[Loop], other: list[Loop]) -> list[Loop]:
    """``nest`` with its first loop in two, if the first loop of ``other`` is the outer part."""
    fine, coarse = nest[0], other[0]
    if fine.dim is None or fine.dim != coarse.dim or not isinstance(fine.trip, int):
        return nest
    inner = coarse.step // fine.step
    if coarse.step % fine.step or not isinstance(coarse.trip, int):
        return nest
    if coarse.trip * inner != fine.trip:
        return nest
    return [coarse, Loop(inner, fine.step, fine.dim), *nest[1:]] if inner > 1 else nest


def _cover(
    tile: tuple[int, ...], shared: Sequence[Loop], inner: Sequence[Loop], pair: str
) -> tuple[tuple[int, ...], tuple[Loop, ...]]:
    """The block of an inner nest, and its loops as steps in the block.

    Where a shared loop fills the gaps between the steps of an inner one, the block is packed.
    """
    extent, block = list(tile), list(tile)
    steps: dict[int, int] = {}
    nest = [(loop.step, loop.bound, n, loop) for n, loop in enumerate((*inner, *shared))]
    for step, bound, n, loop in sorted(nest, key=lambda entry: entry[:3]):
        if loop.dim is None:
            continue
        if step != extent[loop.dim]:
            raise ValueError(f"Converter nests must cover dimensions tile by tile, not {pair}")
        extent[loop.dim] = step * bound
        if n < len(inner):
            steps[n] = block[loop.dim]
            block[loop.dim] *= bound
    packed = (
        loop if loop.dim is None else replace(loop, step=steps[n]) for n, loop in enumerate(inner)
    )
    return tuple(block), tuple(packed)


def _check_symbols(
    shared: Sequence[Loop], source: Sequence[Loop], target: Sequence[Loop], pair: str
) -> None:
    if any(loop.dim is None for loop in source):
        raise ValueError(f"Converter source must send each tile of a block once, not {pair}")
    for loop in source:
        if isinstance(loop.trip, Symbol) and (loop.trip.ragged or loop not in target):
            raise ValueError(
                f"Converter target must read no more than the source sends, not {pair}: "
                f"the source has {loop}"
            )
    for nest in ((*shared, *source), (*shared, *target)):
        ragged = [loop.trip for loop in nest if isinstance(loop.trip, Symbol) and loop.trip.ragged]
        if len({symbol.name for symbol in ragged}) != len(ragged):
            raise ValueError(f"Converter must have one loop for each ragged symbol, not {pair}")


def _split(loops: Sequence[Loop], wide: int, last: int, pair: str) -> tuple[Loop, ...]:
    """The nest of the narrower tile with loops that do not cross a word boundary."""
    result: list[Loop] = []
    for loop in loops:
        if loop.dim != last or loop.step >= wide:
            result.append(loop)
            continue
        inner, rest = divmod(wide, loop.step)
        trip = loop.trip
        if rest or not isinstance(trip, int) or (trip % inner and inner % trip):
            raise ValueError(f"Converter tiles must not straddle a word of {wide}, not {pair}")
        if trip > inner:
            result.append(Loop(trip // inner, wide, last))
        result.append(Loop(min(trip, inner), loop.step, last))
    return tuple(result)


def _increment(
    loop: Loop,
    narrow: tuple[int, ...],
    wide: tuple[int, ...],
    strides: Sequence[int],
    scale: int,
) -> int:
    if loop.dim is None:
        return 0
    words, rest = divmod(loop.step, wide[loop.dim])
    return rest // narrow[-1] if rest else words * strides[loop.dim] * scale


def _follows(
    source: ITensor, target: ITensor, below_source: Sequence[Loop], below_target: Sequence[Loop]
) -> bool:
    """Whether one pass of the target below its re-reads is the source's order."""
    passes = list(below_target)
    while passes and passes[0].dim is None:
        passes.pop(0)
    size = min(source.tile[-1], target.tile[-1])
    tile = (*source.tile[:-1], size)

    def fine(itensor: ITensor, loops: Sequence[Loop]) -> ITensor:
        chunks = itensor.tile[-1] // size
        return ITensor(itensor.fmt, tile, (*loops, Loop(chunks, size, itensor.rank - 1)))

    return fine(source, below_source).is_same_stream(fine(target, passes))
