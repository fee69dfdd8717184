# SPDX-License-Identifier: Apache-2.0
"""Sizes of a layout converter: its plans, walks, memory and ports."""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from math import prod

import numpy as np

from ...numerics.fixed import Fixed
from ..address_generator import symbol_width
from ..axis import Axis
from ..itensor.itensor import ITensor, Loop, Symbol, SymbolValues
from ..spec import KernelGeometry, Port, Role, raw
from .block_plan import ConverterPlan, analyze
from .in_place_plan import PlacePlan, place_plan
from .page_plan import PagePlan, page_plan

__all__ = ["BufferKind", "ConverterGeometry"]


class BufferKind(Enum):
    """What a converter keeps in memory.

    SINGLE: one block, which is written, then read; PING_PONG: two blocks, one is written while the
    other is read; IN_PLACE: one block, whose places are written anew as soon as they are read;
    MAPPED: no more than the peak live elements, in pages that the writer takes where it finds them
    """

    SINGLE = "single"
    PING_PONG = "ping-pong"
    IN_PLACE = "in place"
    MAPPED = "mapped"


@dataclass(frozen=True, kw_only=True)
class ConverterGeometry(KernelGeometry):
    """Sizes of ``ConverterSpec``, which says what they mean."""

    source: ITensor
    target: ITensor
    kind: BufferKind = BufferKind.PING_PONG

    def __post_init__(self) -> None:
        names: dict[str, Symbol] = {}
        for symbol in self._symbols_of(self.source) + self._symbols_of(self.target):
            if names.setdefault(symbol.name, symbol) != symbol:
                raise ValueError(
                    f"Converter symbol must mean one thing, not {symbol} and {names[symbol.name]}"
                )
        _ = self.plan
        if self.kind is BufferKind.IN_PLACE and self.place is None:
            raise ValueError(
                f"Converter in place must have orders that differ by one rotation of loops, not "
                f"{self.source} to {self.target}"
            )
        if self.kind is BufferKind.MAPPED and self.pages is None:
            raise ValueError(
                f"Converter with pages must have orders that differ in common loops, not "
                f"{self.source} to {self.target}"
            )

    @cached_property
    def plan(self) -> ConverterPlan:
        """Shared loops, block and walks."""
        return analyze(self.source, self.target)

    @cached_property
    def loops(self) -> PlacePlan | None:
        """Both walks in common loops, if there are any."""
        return place_plan(self.plan, self.source, self.target)

    @property
    def place(self) -> PlacePlan | None:
        """The walks in place, if the orders allow them."""
        return None if self.loops is None or self.loops.outer is None else self.loops

    @cached_property
    def pages(self) -> PagePlan | None:
        """Pages and their tables, if the orders allow them."""
        return page_plan(self.plan, self.loops, self.source, self.target)

    @property
    def depth(self) -> int:
        """Words of memory."""
        if self.kind is BufferKind.MAPPED and self.pages is not None:
            return self.pages.pages * self.pages.pitch
        return self.plan.words * self.buffers

    @property
    def buffers(self) -> int:
        """Blocks in memory."""
        return 2 if self.kind is BufferKind.PING_PONG else 1

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """Symbols of both nests by name."""
        both = self._symbols_of(self.source) + self._symbols_of(self.target)
        return tuple(sorted(set(both)))

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            Port("i", self.source),
            *(
                Port(symbol.port, self._values_type(symbol), Role.SYMBOL, symbol)
                for symbol in self.symbols
            ),
            Port("o", self.target),
        )

    @cached_property
    def writer(self) -> tuple[Axis, ...]:
        """The whole walk of the writer."""
        return self._walk(self.plan.write)

    @cached_property
    def reader(self) -> tuple[Axis, ...]:
        """The whole walk of the reader."""
        return self._walk(self.plan.read)

    def values(self, symbol: Symbol, symbol_values: SymbolValues) -> list[int]:
        """The trip counts of a ragged symbol in the order in which they arrive."""
        nest = self._values_type(symbol)
        value = symbol_values.get(symbol.name, symbol.bound * symbol.per)
        tensor = np.full(nest.tensor_shape(), symbol.bound)
        rows = [value] * len(tensor) if isinstance(value, int | np.integer) else list(value)
        for index, row in enumerate(rows):
            tensor[index] = symbol.trips(row)
        return [int(trips) for trips in nest.pack(tensor, symbol_values)[:, 0]]

    def _walk(self, axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
        """Shared loops only matter if a value arrives that counts them, or once for all of them."""
        shared = tuple(Axis(trip=loop.trip, increment=0) for loop in self.plan.shared)
        per_entry = [a for a in axes if isinstance(a.trip, Symbol) and a.trip.ragged]
        counted = [a for a in (*shared, *axes) if a not in per_entry]
        return (*shared, *axes) if any(isinstance(a.trip, Symbol) for a in counted) else axes

    @staticmethod
    def _outside(symbol: Symbol, loops: tuple[Loop, ...]) -> tuple[Loop, ...]:
        """The loops around the one that a symbol bounds."""
        trips = [loop.trip for loop in loops]
        return loops[: trips.index(symbol)] if symbol in trips else ()

    @staticmethod
    def _symbols_of(nest: ITensor) -> tuple[Symbol, ...]:
        return tuple(loop.trip for loop in nest.loops if isinstance(loop.trip, Symbol))

    def _values_type(self, symbol: Symbol) -> ITensor:
        """Values come once an invocation, or one for each entry of the loop that they bound."""
        if not symbol.ragged:
            return raw(symbol_width(symbol))
        nest = self.target if symbol in self._symbols_of(self.target) else self.source
        outside = self._outside(symbol, nest.loops)
        if not outside:
            raise ValueError(f"Converter symbol {symbol} must not bound the outermost loop")
        walked = self._outside(symbol, nest.normal().loops) or outside
        if prod(loop.bound for loop in outside) != prod(loop.bound for loop in walked):
            outside = walked  # the walk has re-reads on the other side of the symbol's loop
        place = len(outside)
        loops = tuple(Loop(loop.trip, 1, d) for d, loop in enumerate(outside))
        return ITensor(Fixed(symbol_width(symbol), signed=False), (1,) * place, loops)
