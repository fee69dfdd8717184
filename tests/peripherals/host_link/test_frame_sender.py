# SPDX-License-Identifier: Apache-2.0
"""Frame sender: what was written, as often as it is asked for."""

from random import Random

import pytest

from streamhw.peripherals.host_link.frame_sender import LONGEST_ANSWER, FrameSender
from streamhw.runtime.serial.framing import frame
from tests.clocked import run_clocked


@pytest.mark.parametrize("length", [1, 4, 40, LONGEST_ANSWER])
def test_an_answer_is_sent_twice(length: int) -> None:
    rng = Random(length)
    content = bytes(rng.choice((0, 1, 90)) for _ in range(length))
    dut = FrameSender()
    found = bytearray()

    async def bench(ctx):
        ctx.set(dut.answer.write, 1)
        for n, byte in enumerate(content):
            ctx.set(dut.answer.address, n)
            ctx.set(dut.answer.byte, byte)
            await ctx.tick()
        ctx.set(dut.answer.write, 0)
        for _ in range(2):
            ctx.set(dut.answer.length.payload, length)
            ctx.set(dut.answer.length.valid, 1)
            while not ctx.get(dut.answer.length.ready):
                await ctx.tick()
            await ctx.tick()
            ctx.set(dut.answer.length.valid, 0)
            while found.count(0) < 2:
                ready = rng.random() < 0.7
                ctx.set(dut.o.ready, ready)
                if ready and ctx.get(dut.o.valid):
                    found.append(ctx.get(dut.o.payload))
                await ctx.tick()
            ctx.set(dut.o.ready, 0)
            assert bytes(found) == frame(content)
            found.clear()

    run_clocked(dut, bench)
