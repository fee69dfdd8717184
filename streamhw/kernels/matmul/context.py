# SPDX-License-Identifier: Apache-2.0
"""One linear layer of a matrix product engine."""

from dataclasses import dataclass, replace

from ...numerics.fixed import Fixed
from ...stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from .digits import DIGIT_BITS, digits_of

__all__ = ["MatmulContext"]


@dataclass(frozen=True, kw_only=True)
class MatmulContext:
    """One linear layer of the engine.

    name: suffix of its ports; inputs, outputs: its matrix; tokens: most rows of x an invocation
    (1: always one); group: input columns that share a group multiplier, ``None``: no group
    multipliers; out: format of its results; arrival: the order of x, each element once, in beats
    of columns that divide a word of the operand store; its codes have 8 bits, or two digits.
    """

    name: str
    inputs: int
    outputs: int
    tokens: int
    scale_group: int | None
    out: Fixed
    arrival: ITensor

    @property
    def follows(self) -> bool:
        """Whether a single token's columns come in order, so that work begins with the first."""
        plain = row_major(self.arrival.fmt, (1, self.inputs), self.arrival.lanes)
        one = tuple(
            replace(loop, trip=1) if isinstance(loop.trip, Symbol) else loop
            for loop in self.arrival.loops
        )
        return replace(self.arrival, loops=one).is_same_stream(plain)

    @property
    def digits(self) -> int:
        """Rows of x that a token is: one of each digit of its codes."""
        return digits_of(self.arrival.fmt)

    @property
    def stored(self) -> ITensor:
        """The order in which rows of digits come: those of a beat one after the other."""
        if self.digits == 1:
            return self.arrival
        loops = (
            replace(loop, step=2 * loop.step) if loop.dim == 0 else loop
            for loop in self.arrival.loops
        )
        return ITensor(Fixed(DIGIT_BITS), self.arrival.tile, (*loops, Loop(2, 1, 0)))

    @property
    def groups(self) -> int:
        """Group multipliers of an output; 0 without."""
        return self.inputs // self.scale_group if self.scale_group else 0

    def trip(self) -> int | Symbol:
        """Trip count of the loop over tokens."""
        return Symbol("tokens", self.tokens) if self.tokens > 1 else 1
