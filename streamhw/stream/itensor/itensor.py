# SPDX-License-Identifier: Apache-2.0
"""Iterative tensors: the type of a stream says which tile comes when, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from .loop_nest import Loop, Symbol, SymbolValues, nest_text
from .normal_form import normal_loops, same_order, symbols_of

__all__ = ["ITensor", "Loop", "Symbol", "SymbolValues", "row_major"]


@dataclass(frozen=True)
class ITensor:
    """A tensor in the order in which a stream carries it: a loop nest that yields one tile a beat.

    Parameters
    ----------
    fmt: number format of an element
    tile: elements of a beat along each data dimension; lanes are its row-major order
    loops: the nest, outermost first. At each point one beat passes: the tile whose offset in data
        dimension ``d`` is the sum of ``step * index`` of the loops with ``dim == d``.

    Two types are the same stream iff they have the same format, tile and *order* (``==`` of
    ``normal()``); trip-1 loops and regrouped loops do not matter.

    The loop of a symbol with several ``per`` iteration moves a dimension by that many, a tile; of
    the last tile, elements from the symbol's value on are no part of the tensor, and pass as zeros.

    Raises ``ValueError`` if a loop names a dimension that the tile does not have, a trip, step or
    tile size is not a positive int, two symbols have one name, or a loop of a symbol with several
    an iteration is not alone in moving its dimension, by a tile of so many.
    """

    fmt: Fixed
    tile: tuple[int, ...]
    loops: tuple[Loop, ...]

    def __post_init__(self) -> None:
        if not self.tile or min(self.tile) < 1:
            raise ValueError(f"ITensor tile must have positive sizes, not {self.tile}")
        for loop in self.loops:
            if not isinstance(loop.trip, int | Symbol):
                raise ValueError(f"ITensor trip must be an int or a Symbol, not {loop.trip!r}")
            if loop.bound < 1:
                raise ValueError(f"ITensor trip must be at least 1, not {loop.bound} in {self}")
            if loop.dim is not None and not 0 <= loop.dim < len(self.tile):
                raise ValueError(
                    f"ITensor loop must map to a dimension below {len(self.tile)}, not {loop.dim}"
                )
            if loop.dim is not None and loop.step < 1:
                raise ValueError(f"ITensor step must be positive, not {loop.step} in {self}")
        if len(self.symbols) != len(symbols_of(self.loops)):
            raise ValueError(f"ITensor symbols must have different names, not {self}")
        for dim, symbol in self._filled():
            moves = [loop.step for loop in self.loops if loop.dim == dim]
            if moves != [symbol.per] or self.tile[dim] != symbol.per:
                raise ValueError(
                    f"ITensor symbol {symbol} must move a dimension alone, by a tile of "
                    f"{symbol.per}, not {self}"
                )

    @property
    def rank(self) -> int:
        """Number of data dimensions."""
        return len(self.tile)

    @property
    def lanes(self) -> int:
        """Elements of a beat."""
        return prod(self.tile)

    @property
    def beat_bits(self) -> int:
        """Payload bits of a beat."""
        return self.lanes * self.fmt.width

    @property
    def symbols(self) -> frozenset[str]:
        """Names of the symbols that the trips depend on."""
        return frozenset(symbol.name for symbol in symbols_of(self.loops))

    def tensor_shape(self) -> tuple[int, ...]:
        """Extent of each data dimension, with symbols at their bounds."""
        extent = list(self.tile)
        for loop in self.loops:
            if loop.dim is not None:
                extent[loop.dim] += (loop.bound - 1) * loop.step
        return tuple(extent)

    def beats(self, symbol_values: SymbolValues | None = None) -> int:
        """Number of beats; symbols without a value count with their bound."""
        values = symbol_values or {}
        if self._ragged(values):
            outer = self._trip(self.loops[0], values, None)
            return sum(
                prod(self._trip(loop, values, i) for loop in self.loops[1:]) for i in range(outer)
            )
        return prod(self._trip(loop, values, None) for loop in self.loops)

    def order(self, symbol_values: SymbolValues | None = None) -> NDArray[np.int64]:
        """Offsets of the tiles in sequence: an array of (beats, rank)."""
        values = symbol_values or {}
        if not self._ragged(values):
            return self._nest(self.loops, values, None)
        head = self.loops[0]
        parts = []
        for i in range(self._trip(head, values, None)):
            part = self._nest(self.loops[1:], values, i)
            if head.dim is not None:
                part[:, head.dim] += i * head.step
            parts.append(part)
        return np.concatenate(parts)

    def normal(self) -> "ITensor":
        """The one representative of all types with this order (see ``normal_loops``).

        Decided for all nests, overlapping and with gaps, and all values of the symbols; only for a
        symbol of bound 2 that bounds several loops is there no representative, and
        ``is_same_stream`` compares the orders for both its values.
        """
        return replace(self, loops=normal_loops(self.loops))

    def is_same_stream(self, other: "ITensor") -> bool:
        """Whether a plain FIFO can connect the two types: format, tile and order are the same."""
        return (self.fmt, self.tile) == (other.fmt, other.tile) and same_order(
            self.loops, other.loops
        )

    def pack(
        self, tensor: NDArray[np.int64], symbol_values: SymbolValues | None = None
    ) -> NDArray[np.int64]:
        """Elements of a tensor in stream order: an array of (beats, lanes)."""
        array = np.asarray(tensor)
        if array.ndim != self.rank:
            raise ValueError(f"pack needs a tensor of rank {self.rank}, not {array.ndim} ({self})")
        index, inside = self._index(symbol_values), self._inside(symbol_values)
        if inside is not None:
            index = tuple(np.where(inside, places, 0) for places in index)
        try:
            beats = np.asarray(array[index], dtype=np.int64)
            return beats if inside is None else np.where(inside, beats, 0)
        except IndexError:
            raise ValueError(
                f"pack needs a tensor that has every tile of {self}, not one of {array.shape}"
            ) from None

    def unpack(
        self, beats: NDArray[np.int64], symbol_values: SymbolValues | None = None
    ) -> NDArray[np.int64]:
        """The tensor of shape ``tensor_shape()`` that beats (beats, lanes) describe; rest is 0."""
        index, array = self._index(symbol_values), np.asarray(beats, dtype=np.int64)
        if array.shape != index[0].shape:
            raise ValueError(
                f"unpack needs beats of shape {index[0].shape}, not {array.shape} ({self})"
            )
        tensor = np.zeros(self.tensor_shape(), dtype=np.int64)
        inside = self._inside(symbol_values)
        if inside is not None:
            index, array = tuple(places[inside] for places in index), array[inside]
        tensor[index] = array
        return tensor

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.tile))}:{self.fmt} {nest_text(self.loops)}"

    def _index(self, symbol_values: SymbolValues | None) -> tuple[NDArray[np.int64], ...]:
        order = self.order(symbol_values)
        lanes = np.indices(self.tile).reshape(self.rank, self.lanes)
        return tuple(order[:, d, None] + lanes[d][None, :] for d in range(self.rank))

    def _filled(self) -> list[tuple[int, Symbol]]:
        """Dimensions whose last tile may not be full, with the symbols that say so."""
        return [
            (loop.dim, loop.trip)
            for loop in self.loops
            if isinstance(loop.trip, Symbol) and loop.trip.per > 1 and loop.dim is not None
        ]

    def _inside(self, symbol_values: SymbolValues | None) -> NDArray[np.bool_] | None:
        """Which elements of the beats are of the tensor: (beats, lanes); ``None`` if all are."""
        filled, values = self._filled(), symbol_values or {}
        if not filled:
            return None
        index = self._index(symbol_values)
        inside = np.ones(index[0].shape, dtype=bool)
        for dim, symbol in filled:
            value = values.get(symbol.name, symbol.bound * symbol.per)
            if not isinstance(value, int | np.integer):
                beats = [
                    prod(self._trip(loop, values, i) for loop in self.loops[1:])
                    for i in range(self._trip(self.loops[0], values, None))
                ]
                inside &= index[dim] < np.repeat(value[: len(beats)], beats)[:, None]
            else:
                inside &= index[dim] < value
        return inside

    def _ragged(self, values: SymbolValues) -> bool:
        return any(not isinstance(values.get(name, 0), int | np.integer) for name in self.symbols)

    def _nest(
        self, loops: tuple[Loop, ...], values: SymbolValues, outer: int | None
    ) -> NDArray[np.int64]:
        order = np.zeros((1, self.rank), dtype=np.int64)
        for loop in reversed(loops):
            trip = self._trip(loop, values, outer)
            order = np.tile(order, (trip, 1))
            if loop.dim is not None:
                order[:, loop.dim] += np.repeat(
                    np.arange(trip) * loop.step, len(order) // max(trip, 1)
                )
        return order

    @staticmethod
    def _trip(loop: Loop, values: SymbolValues, outer: int | None) -> int:
        if not isinstance(loop.trip, Symbol):
            return loop.trip
        value = values.get(loop.trip.name, loop.trip.bound * loop.trip.per)
        if isinstance(value, int | np.integer):
            trip = loop.trip.trips(value)
        elif outer is None:
            raise ValueError(f"Symbol {loop.trip.name} must not be ragged in the outermost loop")
        elif not loop.trip.ragged:
            raise ValueError(f"Symbol {loop.trip.name} must have one value, not {len(value)}")
        elif outer >= len(value):
            raise ValueError(
                f"Symbol {loop.trip.name} must have a value for each index of the outermost loop, "
                f"not {len(value)} values"
            )
        else:
            trip = loop.trip.trips(value[outer])
        if not 1 <= trip <= loop.trip.bound:
            raise ValueError(f"Symbol {loop.trip} must be 1 to {loop.trip.bound}, not {trip}")
        return trip


def row_major(fmt: Fixed, shape: Sequence[int | Symbol], lanes: int = 1) -> ITensor:
    """The type of a tensor sent row by row, ``lanes`` elements of the last dimension a beat.

    Raises ``ValueError`` if ``lanes`` does not divide the last extent.
    """
    *outer, last = shape
    if not isinstance(last, int) or last % lanes:
        raise ValueError(f"lanes must divide the last extent {last}, not {lanes}")
    rank = len(shape)
    loops = [Loop(trip, 1, d) for d, trip in enumerate(outer)]
    loops.append(Loop(last // lanes, lanes, rank - 1))
    return ITensor(fmt, (1,) * (rank - 1) + (lanes,), tuple(loops))
