# SPDX-License-Identifier: Apache-2.0
"""The least time between two commands, counted by a shift register."""

from typing import Any

from amaranth.hdl import Module, Signal, Value

__all__ = ["Pause"]


class Pause:
    """Says when so many cycles have passed since it was started.

    Ones are shifted out of a register: whether they are over is one flip-flop, without a counter
    and a comparison in front of the logic that waits for it.

    m: the module whose ``sync`` domain counts; name: of the register
    longest: cycles, at least 1

    Raises ``ValueError`` if ``longest`` is less than 1, or a start is not from 1 to ``longest``.
    """

    def __init__(self, m: Module, *, name: str, longest: int):
        if longest < 1:
            raise ValueError(f"Pause must be of at least 1 cycle, not {longest}")
        self._longest = longest
        self._left = Signal(longest - 1, name=name)
        m.d.sync += self._left.eq(self._left >> 1)

    def start(self, cycles: int) -> Any:
        """The statement after which ``over`` is 0 in the next ``cycles`` - 1 cycles."""
        if not 1 <= cycles <= self._longest:
            raise ValueError(f"Pause must be from 1 to {self._longest} cycles, not {cycles}")
        return self._left.eq((1 << (cycles - 1)) - 1)

    @property
    def over(self) -> Value:
        """Whether the cycles have passed; it may be started again at any time."""
        return ~self._left[:1].any()
