# SPDX-License-Identifier: Apache-2.0
"""The whole link through its pins, with the host's own code at the other end of a bad line."""

from collections import Counter

import pytest

from streamhw.peripherals.host_link.uart_link import UartLink
from streamhw.runtime.serial.link import SerialLink
from tests.peripherals.host_link.random_scripts import play
from tests.peripherals.host_link.simulated_board import CYCLE, SimulatedBoard


@pytest.mark.parametrize("seed", range(20))
def test_random_scripts(seed: int) -> None:
    """Each request is executed once or its failure is told; no wrong value; never a hang."""
    assert play(seed)["done"] >= 2


@pytest.mark.slow
@pytest.mark.parametrize("hundred", range(10))
def test_a_thousand_random_scripts(hundred: int) -> None:
    results: Counter[str] = Counter()
    for seed in range(100 * hundred, 100 * hundred + 100):
        print(f"seed {seed}")
        results += play(seed)
    assert results["done"] > 200 and results["not done"] > 20 and results["died"] > 10


def test_framing_errors_are_told() -> None:
    board = SimulatedBoard(1)
    found = []

    async def watch(ctx):
        while True:
            await ctx.tick()
            if ctx.get(board.link.framing_error):
                found.append(ctx.get(board.link.line_break))

    board.watch(watch)
    link = SerialLink(board, timeout=1500 * CYCLE, sequence=3)
    board.send_bits([1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1])  # a byte with stop bit 0
    board.send_bits([0] * 30 + [1] * 3)
    assert found == [0, 1]
    assert link.open().build == link.identity.build


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^UART bit must have at least 4 clock cycles"):
        UartLink(clock=3e6, baud=1e6, build=0, register_address=8)
