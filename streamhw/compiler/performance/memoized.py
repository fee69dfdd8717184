# SPDX-License-Identifier: Apache-2.0
"""Timing formulas and counts of beats, worth computing once for each value of their symbols."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

from ...stream.itensor.itensor import ITensor, SymbolValues
from ...stream.spec import KernelSpec
from ...stream.timing import Timing

__all__ = ["beats_of", "context_timing_of", "timing_of"]

T = TypeVar("T")

Key = tuple[tuple[str, int | Sequence[int]], ...]
"""Values of symbols, to remember what follows from them."""


@lru_cache(maxsize=2048)
def timing_of(spec: KernelSpec) -> Callable[[SymbolValues], Timing]:
    """Timing of an invocation, for all designs that have the same kernel."""
    return _by_values(spec.behaviour().alone or spec.timing, _symbols_of(spec))


@lru_cache(maxsize=2048)
def context_timing_of(engine: KernelSpec, name: str) -> Callable[[SymbolValues], Timing]:
    """Timing of an invocation of one product of an engine, its operand stored."""
    (context,) = (c for c in engine.behaviour().contexts if c.name == name)
    return _by_values(context.timing, _symbols_of(engine))


@lru_cache(maxsize=4096)
def beats_of(type: ITensor) -> Callable[[SymbolValues], int]:
    """Beats of a stream."""
    return _by_values(type.beats, sorted(type.symbols))


def _symbols_of(spec: KernelSpec) -> list[str]:
    return sorted(frozenset().union(*(p.type.symbols for p in spec.ports)))


def _by_values(
    formula: Callable[[SymbolValues], T], names: Sequence[str]
) -> Callable[[SymbolValues], T]:
    @lru_cache(maxsize=4096)
    def by_key(key: Key) -> T:
        return formula(dict(key))

    return lambda symbol_values: by_key(
        tuple((n, symbol_values[n]) for n in names if n in symbol_values)
    )
