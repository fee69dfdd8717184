# SPDX-License-Identifier: Apache-2.0
"""Chooses the handshake of one of many streams, to be counted far away and some cycles later."""

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["NUMBER_BITS", "HandshakeChoice", "handshake_choice_latency"]

NUMBER_BITS = 16
"""Bits of the number of a stream."""
LEVEL_BITS = 2
"""Bits of the number that a level of the choice looks at."""


def handshake_choice_latency() -> int:
    """Cycles from a handshake to its place at the output."""
    return 1 + NUMBER_BITS // LEVEL_BITS


class HandshakeChoice(wiring.Component):
    """A tree of registered choices of four, without the branches on which no stream is.

    All of them have one latency, whatever streams there are: so the outputs of several, each with
    the streams of its die, are joined by OR.

    Parameters  numbers: of the streams, ascending
    Members     handshakes: In(2) each: valid, ready
                number: In, of the chosen stream, at rest while its beats are of interest
                o: Out(2), valid and ready of the chosen stream; 0 if it is none of these
    Timing      ``handshake_choice_latency()``; inputs go into registers
    Raises      ValueError: unless numbers ascend and fit into ``NUMBER_BITS``
    """

    def __init__(self, *, numbers: Sequence[int]):
        if list(numbers) != sorted(set(numbers)) or not numbers:
            raise ValueError(f"HandshakeChoice numbers must ascend, not be {list(numbers)}")
        if numbers[0] < 0 or numbers[-1] >> NUMBER_BITS:
            raise ValueError(
                f"HandshakeChoice numbers must have {NUMBER_BITS} bits, not be "
                f"{numbers[0]} to {numbers[-1]}"
            )
        self._numbers = tuple(numbers)
        super().__init__(
            {
                "handshakes": In(2).array(len(numbers)),
                "number": In(NUMBER_BITS),
                "o": Out(2),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        level: dict[int, Value] = {}
        for number, handshake in zip(self._numbers, self.handshakes, strict=True):
            level[number] = taken = Signal(2, name=f"taken_{number}", reset_less=True)
            m.d.sync += taken.eq(handshake)
        for low in range(0, NUMBER_BITS, LEVEL_BITS):
            branches: dict[int, dict[int, Value]] = {}
            for place, value in level.items():
                branches.setdefault(place >> LEVEL_BITS, {})[place % (1 << LEVEL_BITS)] = value
            level = {}
            for place, branch in branches.items():
                level[place] = chosen = Signal(2, name=f"chosen_{low}_{place}", reset_less=True)
                m.d.sync += chosen.eq(0)
                with m.Switch(self.number[low : low + LEVEL_BITS]):
                    for digit, value in branch.items():
                        with m.Case(digit):
                            m.d.sync += chosen.eq(value)
        m.d.comb += self.o.eq(level[0])
        return m
