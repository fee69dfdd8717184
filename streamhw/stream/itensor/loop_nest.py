# SPDX-License-Identifier: Apache-2.0
"""Loops of a stream type: trip counts, known or bounded, and the dimension that each moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Loop", "Symbol", "SymbolValues", "nest_text"]

SymbolValues = Mapping[str, int | Sequence[int]]
"""Values of symbols. A sequence gives one value for each index of the outermost loop (a ragged
tensor: the causal lengths of the tokens of a batch)."""


@dataclass(frozen=True, order=True)
class Symbol:
    """A trip count that is known at run time only: 1 to ``bound``.

    Hardware receives it on a control port ``i_<name>``: one value an invocation, or, if
    ``ragged``, one value for each entry of the loop that it bounds.

    per: of a value, so many are one iteration, and the last has what is left: there are
    ceil(value / per) of them, and these go to a port ``i_<name>_by_<per>``
    """

    name: str
    bound: int
    ragged: bool = False
    per: int = 1

    @property
    def port(self) -> str:
        """The control port on which hardware receives the trip count."""
        return f"i_{self.name}" if self.per == 1 else f"i_{self.name}_by_{self.per}"

    def trips(self, value: int) -> int:
        """Iterations for a value."""
        return -(-int(value) // self.per)

    def __str__(self) -> str:
        return f"{self.name}{'' if self.per == 1 else f'/{self.per}'}<={self.bound}"


@dataclass(frozen=True)
class Loop:
    """``trip`` iterations that move data dimension ``dim`` by ``step`` elements each.

    A loop with ``dim = None`` moves nothing: what is inside it is read again.
    """

    trip: int | Symbol
    step: int = 0
    dim: int | None = None

    @property
    def bound(self) -> int:
        """The largest trip count."""
        return self.trip.bound if isinstance(self.trip, Symbol) else self.trip

    def __str__(self) -> str:
        where = "again" if self.dim is None else f"d{self.dim}+={self.step}"
        return f"({self.trip} {where})"


def nest_text(loops: Sequence[Loop]) -> str:
    """A nest as text, outermost loop first."""
    return " ".join(str(loop) for loop in loops) or "()"
