# SPDX-License-Identifier: Apache-2.0
"""Where two stream types part: the first loop that differs, the beat, and the tiles that it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product, zip_longest

from .itensor import ITensor
from .loop_nest import Loop, Symbol
from .normal_form import head_and_body, normal_loops, same_order, substituted, symbols_of

__all__ = ["DifferenceKind", "TypeDifference", "difference", "offset_at"]

Offset = tuple[int, ...]

SHOWN = 3
"""Beats of each order that ``TypeDifference.explain`` shows, from the one before they part."""


class DifferenceKind(Enum):
    """What two types disagree about; the first of these that holds."""

    FORMAT = "format"
    TILE = "tile"
    SYMBOLS = "symbols"
    ORDER = "order"


@dataclass(frozen=True, kw_only=True)
class TypeDifference:
    """Why two types are not the same stream.

    first, second: the types
    kind: what they disagree about first. ``SYMBOLS``: a symbol of one name has two meanings, or the
        values of a ragged symbol count other iterations, so that no values compare the orders
    loop: place of the first loop, outermost first, in which the two normal forms differ
    loops: that loop of each normal form; ``None`` where the nest is at its end
    values: of the symbols, a choice for which the orders part
    beat: first beat whose tile has another offset under these values; ``None`` unless orders part
    offsets: of that beat's tile in each order; ``None`` for an order that is at its end

    Loop and beat are also given where formats or tiles differ: converters need to know both.
    """

    first: ITensor
    second: ITensor
    kind: DifferenceKind
    loop: int | None = None
    loops: tuple[Loop | None, Loop | None] = (None, None)
    values: Mapping[str, int] | None = None
    beat: int | None = None
    offsets: tuple[Offset | None, Offset | None] = (None, None)

    def __str__(self) -> str:
        """All that differs, in one sentence without its full stop."""
        return "; ".join(self.sentences())

    def sentences(self) -> tuple[str, ...]:
        """What differs: format, tile, symbols or order, then the loop."""
        one, other = self.first, self.second
        said = []
        if one.fmt != other.fmt:
            said.append(f"elements are {one.fmt} and {other.fmt}")
        if one.tile != other.tile:
            said.append(f"a beat is {_box(one.tile)} and {_box(other.tile)} elements")
        if self.kind is DifferenceKind.SYMBOLS:
            said.append(f"symbols count other iterations, {_meanings(one, other)}")
        if self.beat is not None:
            at = " and ".join(_place(offset) for offset in self.offsets)
            said.append(f"the orders part at beat {self.beat}{self._where()}, {at}")
        if self.beat is not None and self.loop is not None:
            said.append(f"loop {self.loop} is the first that differs, {self._loop()}")
        return tuple(said)

    def explain(self) -> str:
        """Both types, their normal forms, the loop, and the tiles around the beat, in lines."""
        one, other = self.first, self.second
        rows = [("first", str(one)), ("second", str(other))]
        normal = (str(one.normal()), str(other.normal()))
        if normal != (str(one), str(other)):
            rows += [("normal", normal[0]), ("", normal[1])]
        if self.loop is not None:
            rows.append((f"loop {self.loop}", self._loop()))
        if self.beat is not None:
            begin = max(0, self.beat - 1)
            rows.append((f"beat {self.beat}", f"{self._beats(one, begin)}{self._where()}"))
            rows.append(("", self._beats(other, begin)))
        rows.append(("so", str(self)))
        width = max(len(label) for label, _ in rows)
        return "\n".join(f"{label:<{width}}  {text}" for label, text in rows)

    def _loop(self) -> str:
        one, other = ("none" if loop is None else str(loop) for loop in self.loops)
        return f"{one} and {other}"

    def _where(self) -> str:
        values = "" if not self.values else ", ".join(f"{k}={v}" for k, v in self.values.items())
        return f" (with {values})" if values else ""

    def _beats(self, itensor: ITensor, begin: int) -> str:
        """A few offsets of an order, with the place of the first of them."""
        nest = substituted(itensor.loops, self.values or {})
        offsets = (offset_at(nest, itensor.rank, begin + n) for n in range(SHOWN))
        shown = " ".join(_place(offset) for offset in offsets)
        return f"from {begin}: {shown}"


def difference(first: ITensor, second: ITensor) -> TypeDifference | None:
    """Why a plain FIFO cannot connect two types; ``None`` if it can.

    Works on the normal forms, so it takes no longer for large tensors. With fixed trips, normal
    forms that differ part where the innermost loops that differ do: at the second iteration if
    these move in different ways, else where the shorter one ends. With symbols, values are looked
    for that part the orders: all at their bounds first, then small ones.
    """
    unlike = (
        DifferenceKind.FORMAT
        if first.fmt != second.fmt
        else DifferenceKind.TILE
        if first.tile != second.tile
        else None
    )
    if first.rank != second.rank or same_order(first.loops, second.loops):
        return None if unlike is None else TypeDifference(first=first, second=second, kind=unlike)
    one, other = normal_loops(first.loops), normal_loops(second.loops)
    place, loops = _first_loop(one, other)
    symbols = symbols_of((*one, *other))
    is_clear = len({symbol.name for symbol in symbols}) == len(symbols)
    for values in _choices(symbols) if is_clear else ():
        nests = [normal_loops(substituted(nest, values)) for nest in (one, other)]
        if nests[0] != nests[1]:
            beat = _parting(nests[0], nests[1])
            return TypeDifference(
                first=first,
                second=second,
                kind=unlike or DifferenceKind.ORDER,
                loop=place,
                loops=loops,
                values=values,
                beat=beat,
                offsets=(
                    offset_at(nests[0], first.rank, beat),
                    offset_at(nests[1], first.rank, beat),
                ),
            )
    return TypeDifference(
        first=first, second=second, kind=unlike or DifferenceKind.SYMBOLS, loop=place, loops=loops
    )


def offset_at(loops: Sequence[Loop], rank: int, beat: int) -> Offset | None:
    """The offset of a beat's tile, with symbols at their bounds; ``None`` after the last beat."""
    offset = [0] * rank
    for loop in reversed(loops):
        beat, index = divmod(beat, loop.bound)
        if loop.dim is not None:
            offset[loop.dim] += index * loop.step
    return None if beat else tuple(offset)


def _first_loop(
    one: Sequence[Loop], other: Sequence[Loop]
) -> tuple[int | None, tuple[Loop | None, Loop | None]]:
    for place, pair in enumerate(zip_longest(one, other)):
        if pair[0] != pair[1]:
            return place, pair
    return None, (None, None)


def _parting(one: Sequence[Loop], other: Sequence[Loop]) -> int:
    """First beat at which two different normal forms of fixed trips are not the same tile."""
    inside = 1
    for a, b in zip_longest(reversed(one), reversed(other)):
        if a is None or b is None:
            return inside  # one order ends here
        if (a.step, a.dim) != (b.step, b.dim):
            return inside  # the second iteration
        if a.trip != b.trip:
            return inside * min(a.bound, b.bound)  # a longer loop would have been merged
        inside *= a.bound
    raise ValueError(f"Nests must differ, not be {' '.join(map(str, one))} twice")


def _choices(symbols: Sequence[Symbol]) -> Iterator[dict[str, int]]:
    """Values to try: every symbol at its bound, 1, 2 or 3; these tell all normal forms apart."""
    ranges = [
        list(dict.fromkeys((s.bound, *(v for v in (1, 2, 3) if v <= s.bound)))) for s in symbols
    ]
    for values in product(*ranges):
        yield {symbol.name: value for symbol, value in zip(symbols, values, strict=True)}


def _meanings(first: ITensor, second: ITensor) -> str:
    texts = []
    for itensor in (first, second):
        head, _ = head_and_body(itensor.normal().loops)
        symbols = " ".join(
            f"{s}{' for each of ' + str(head[0]) if head and s.ragged else ''}"
            for s in symbols_of(itensor.loops)
        )
        texts.append(symbols)
    return f"{texts[0]} and {texts[1]}"


def _box(tile: Sequence[int]) -> str:
    return "x".join(map(str, tile))


def _place(offset: Offset | None) -> str:
    return "the end" if offset is None else f"[{', '.join(map(str, offset))}]"
