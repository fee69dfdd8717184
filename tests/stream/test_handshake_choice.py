# SPDX-License-Identifier: Apache-2.0
"""The choice of a stream: its handshake some cycles later, and nothing of any other number."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from streamhw.stream.handshake_choice import (
    NUMBER_BITS,
    HandshakeChoice,
    handshake_choice_latency,
)
from tests.clocked import run_clocked


@pytest.mark.parametrize("numbers", [(0,), (3,), tuple(range(9)), (1, 2, 17, 70, 65535)])
def test_every_number(numbers: tuple[int, ...]) -> None:
    dut = HandshakeChoice(numbers=numbers)
    latency = handshake_choice_latency()
    others = [n for n in (*(n ^ 1 for n in numbers), *(n ^ 4 for n in numbers)) if n not in numbers]

    async def bench(ctx: Any) -> None:
        rng = Random(len(numbers))
        for number in (*numbers, *others, 1 << NUMBER_BITS - 1):
            ctx.set(dut.number, number)
            given: list[int] = []
            for cycle in range(3 * latency):
                states = [rng.getrandbits(2) for _ in numbers]
                for handshake, state in zip(dut.handshakes, states, strict=True):
                    ctx.set(handshake, state)
                given.append(states[numbers.index(number)] if number in numbers else 0)
                if cycle >= 2 * latency:
                    assert ctx.get(dut.o) == given[cycle - latency], number
                await ctx.tick()

    run_clocked(dut, bench)


@pytest.mark.parametrize("numbers", [(), (3, 3), (2, 1)])
def test_numbers_that_do_not_ascend(numbers: Sequence[int]) -> None:
    told = rf"^HandshakeChoice numbers must ascend, not be \[{', '.join(map(str, numbers))}\]$"
    with pytest.raises(ValueError, match=told):
        HandshakeChoice(numbers=numbers)


@pytest.mark.parametrize("numbers", [(-1, 2), (5, 1 << NUMBER_BITS)])
def test_numbers_out_of_range(numbers: Sequence[int]) -> None:
    told = rf"^HandshakeChoice numbers must have 16 bits, not be {numbers[0]} to {numbers[-1]}$"
    with pytest.raises(ValueError, match=told):
        HandshakeChoice(numbers=numbers)
