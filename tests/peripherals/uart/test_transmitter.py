# SPDX-License-Identifier: Apache-2.0
"""UART transmitter: each byte as 8N1, also right behind another, and none is lost."""

from random import Random

import pytest

from streamhw.peripherals.uart.transmitter import UartTransmitter
from tests.clocked import run_clocked


@pytest.mark.parametrize("ratio", [4.0, 5.3, 16.5])
def test_bytes_on_the_line(ratio: float) -> None:
    """A listener that knows the time of a bit alone reads what was sent, in the middle of bits."""
    dut = UartTransmitter(clock=1e6 * ratio, baud=1e6)
    wanted = [0x00, 0xFF, 0x55, *Random(1).randbytes(12)]
    line: list[int] = []

    async def bench(ctx):
        for n, byte in enumerate(wanted):
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.payload, byte)
            while not ctx.get(dut.i.ready):
                line.append(ctx.get(dut.tx))
                await ctx.tick()
            line.append(ctx.get(dut.tx))
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
            for _ in range(200 if n % 4 == 3 else 0):
                line.append(ctx.get(dut.tx))
                await ctx.tick()
        for _ in range(400):
            line.append(ctx.get(dut.tx))
            await ctx.tick()

    run_clocked(dut, bench)
    found, at = [], 0
    while 0 in line[at:]:
        begin = line.index(0, at)
        bits = [line[begin + int(ratio * (n + 0.5))] for n in range(10)]
        assert (bits[0], bits[9]) == (0, 1)
        found.append(sum(bit << n for n, bit in enumerate(bits[1:9])))
        at = begin + int(ratio * 9.5)
    assert found == wanted
    assert line[-100:] == [1] * 100


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^UART bit must have at least 4 clock cycles"):
        UartTransmitter(clock=3e6, baud=1e6)
