# SPDX-License-Identifier: Apache-2.0
"""Where tiles of a stream lie in memory, so that another order reads them from front to back."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, prod

import numpy as np
from numpy.typing import NDArray

from .itensor import ITensor, Loop, Symbol, SymbolValues

__all__ = ["TOKENS", "Spill", "Stride", "spill"]

TOKENS = "tokens"
"""The only symbol that the layout may depend on: one value an invocation."""


@dataclass(frozen=True)
class Stride:
    """A loop of the writer: each iteration is ``units`` further on, times ``tokens`` if
    ``dynamic``."""

    trip: int | Symbol
    units: int
    dynamic: bool

    def trips(self, tokens: int) -> int:
        return tokens if isinstance(self.trip, Symbol) else self.trip

    def step(self, tokens: int) -> int:
        return self.units * (tokens if self.dynamic else 1)


@dataclass(frozen=True, kw_only=True)
class Spill:
    """A stream in memory: written where the reader will come by, read from front to back.

    Memory holds the beats of one pass of the reader in its order, without gaps. A *unit* is the
    narrower of the two tiles; in memory it takes a power of two of bits.

    source: the type that is written; stored: one pass of what is read; passes: how often it is
    read; width: bits of a memory beat
    """

    source: ITensor
    stored: ITensor
    passes: int
    width: int
    strides: tuple[Stride, ...]

    @property
    def target(self) -> ITensor:
        """The type that is read."""
        again = (Loop(self.passes),) if self.passes > 1 else ()
        return replace(self.stored, loops=(*again, *self.stored.loops))

    @property
    def lanes(self) -> int:
        """Elements of a unit."""
        return min(self.source.lanes, self.stored.lanes)

    @property
    def unit_bits(self) -> int:
        """Bits of a unit in memory."""
        return _container(self.lanes * self.source.fmt.width)

    @property
    def write_bits(self) -> int:
        """Bits of a beat of the source in memory."""
        return self.source.lanes // self.lanes * self.unit_bits

    @property
    def read_bits(self) -> int:
        """Bits of a beat of the target in memory."""
        return self.stored.lanes // self.lanes * self.unit_bits

    @cached_property
    def symbol(self) -> Symbol | None:
        """The symbol that both depend on, if any."""
        trips = (loop.trip for loop in self.source.loops)
        return next((trip for trip in trips if isinstance(trip, Symbol)), None)

    @property
    def bytes(self) -> int:
        """Room in memory, at the symbol's bound."""
        return ceil(self.stored.beats() * self.read_bits / self.width) * self.width // 8

    def beats(self, tokens: int) -> int:
        """Memory beats of a pass."""
        return ceil(self.stored.beats({TOKENS: tokens}) * self.read_bits / self.width)

    def positions(self, symbol_values: SymbolValues) -> NDArray[np.int64]:
        """The byte at which each beat of the source begins."""
        value = symbol_values.get(TOKENS, self.symbol.bound if self.symbol else 1)
        assert isinstance(value, int | np.integer)
        tokens, at = int(value), np.zeros(1, dtype=np.int64)
        for stride in self.strides:
            steps = np.arange(stride.trips(tokens)) * stride.step(tokens)
            at = (at[:, None] + steps[None, :]).reshape(-1)
        return at * (self.unit_bits // 8)

    def writes(self, symbol_values: SymbolValues) -> int:
        """Memory beats written: neighbors in one memory beat are written together."""
        beats = self.positions(symbol_values) // (self.width // 8)
        return 1 + int(np.count_nonzero(np.diff(beats)))


def spill(source: ITensor, target: ITensor, width: int) -> Spill | None:
    """The layout with which a stream of type ``source`` can be read in the order of ``target``;
    None if there is none.

    The re-reads around the whole target become passes over memory. Re-reads further in are left
    out: what is read is then ``target`` without them, and a converter of a small block adds them.
    There is none for streams of ragged length, for tiles that are wider than one dimension, for a
    source that repeats tiles, and where an address is no sum of a number a loop.
    """
    inner = list(target.loops)
    passes = 1
    while inner and inner[0].dim is None and isinstance(inner[0].trip, int):
        passes *= inner.pop(0).bound
    stored = replace(target, loops=tuple(loop for loop in inner if loop.dim is not None))
    if not _plain(source) or not _plain(stored) or source.tensor_shape() != stored.tensor_shape():
        return None
    lanes = min(source.lanes, stored.lanes)
    if source.lanes % lanes or stored.lanes % lanes or source.fmt != stored.fmt:
        return None
    digits = _digits(stored, lanes)
    strides: list[Stride] = []
    for loop in source.loops:
        parts = _split(loop, digits)
        if parts is None:
            return None
        strides += parts
    group = source.lanes // lanes
    if group > 1:
        together = _split(Loop(group, lanes, source.rank - 1), digits)
        if together != [Stride(group, 1, False)]:
            return None
    made = Spill(source=source, stored=stored, passes=passes, width=width, strides=tuple(strides))
    powers = (made.write_bits, made.read_bits)
    if any(bits & (bits - 1) or bits > width for bits in powers):
        return None
    return made


@dataclass(frozen=True)
class _Digit:
    """A loop of the stored order as a digit of an offset: ``units`` as in ``Stride``."""

    loop: Loop
    units: int
    dynamic: bool


def _plain(type: ITensor) -> bool:
    """Whether every tile comes once, tiles lie along the last dimension, and trips are static but
    for one that is the number of tokens."""
    symbols = [loop.trip for loop in type.loops if isinstance(loop.trip, Symbol)]
    return (
        all(loop.dim is not None for loop in type.loops)
        and prod(type.tile[:-1]) == 1
        and len(symbols) <= 1
        and all(symbol.name == TOKENS and not symbol.ragged for symbol in symbols)
        and _dense(type)
    )


def _dense(type: ITensor) -> bool:
    """Whether the loops of each dimension count its tiles without gap or overlap."""
    for dim, size in enumerate(type.tile):
        for loop in sorted((x for x in type.loops if x.dim == dim), key=lambda x: x.step):
            if loop.bound > 1 and loop.step != size:
                return False
            if loop.bound > 1:
                size *= loop.bound
    return True


def _digits(stored: ITensor, lanes: int) -> list[_Digit]:
    """The loops of the stored order, innermost first, down to units."""
    last = stored.rank - 1
    loops = [*stored.loops, Loop(stored.lanes // lanes, lanes, last)]
    digits: list[_Digit] = []
    units, dynamic = 1, False
    for loop in reversed(loops):
        digits.append(_Digit(loop, units, dynamic))
        if isinstance(loop.trip, Symbol):
            dynamic = True
        else:
            units *= loop.trip
    return digits


def _split(loop: Loop, digits: list[_Digit]) -> list[Stride] | None:
    """A loop of the source as loops that each move one digit, outermost first."""
    if loop.trip == 1:
        return []
    own = sorted((d for d in digits if d.loop.dim == loop.dim), key=lambda d: d.loop.step)
    for digit in own:
        if isinstance(loop.trip, Symbol) or isinstance(digit.loop.trip, Symbol):
            if (loop.trip, loop.step) == (digit.loop.trip, digit.loop.step):
                return [Stride(loop.trip, digit.units, digit.dynamic)]
            continue
        end = digit.loop.step * digit.loop.trip
        if loop.step >= end or loop.step < digit.loop.step or digit.loop.trip == 1:
            continue
        if loop.step % digit.loop.step or end % loop.step:
            return None
        units = digit.units * (loop.step // digit.loop.step)
        room = end // loop.step
        if loop.trip <= room:
            return [Stride(loop.trip, units, digit.dynamic)]
        if loop.trip % room:
            return None
        rest = _split(Loop(loop.trip // room, end, loop.dim), digits)
        return None if rest is None else [*rest, Stride(room, units, digit.dynamic)]
    return None


def _container(bits: int) -> int:
    """The least power of two, and at least a byte, that holds some bits."""
    return max(8, 1 << (bits - 1).bit_length())
