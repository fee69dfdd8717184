# SPDX-License-Identifier: Apache-2.0
"""Bits of a serial line are as long as they must be, each and in the mean."""

import pytest

from streamhw.peripherals.uart.bit_timer import BitTime, BitTimer, bit_time
from tests.clocked import run_clocked


@pytest.mark.parametrize("clock", [25e6, 48e6, 60e6, 100e6])
@pytest.mark.parametrize("baud", [9600, 115_200, 921_600, 3e6])
def test_error_of_a_bit(clock: float, baud: float) -> None:
    found = bit_time(clock=clock, baud=baud).sixteenths / 16 / clock
    assert abs(found * baud - 1) < 0.004


@pytest.mark.parametrize("sixteenths", [64, 65, 75, 79, 161])
def test_bits_are_exact_in_the_mean(sixteenths: int) -> None:
    time = BitTime(sixteenths)
    timer = BitTimer(time=time)

    async def bench(ctx):
        ctx.set(timer.restart, 1)
        await ctx.tick()
        ctx.set(timer.restart, 0)
        cycle, ends = 0, []
        while len(ends) < 32:
            if ctx.get(timer.last):
                ends.append(cycle + 1)
            cycle += 1
            await ctx.tick()
        lengths = {b - a for a, b in zip([0, *ends], ends, strict=False)}
        assert lengths <= {time.whole, time.whole + 1}
        assert [16 * end // 16 for end in ends] == [
            (n + 1) * time.whole + n * time.fraction // 16 for n in range(32)
        ]

    run_clocked(timer, bench)


@pytest.mark.parametrize(
    ("clock", "baud", "told"),
    [
        (11e6, 3e6, r"at least 4 clock cycles and an error of at most 1%, not 3\.67 cycles$"),
        (0, 9600, r"^UART clock and baud must be above 0 Hz, not 0 and 9600$"),
        (1e6, -1, r"above 0 Hz, not 1e\+06 and -1$"),
    ],
)
def test_errors(clock: float, baud: float, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        bit_time(clock=clock, baud=baud)
