# SPDX-License-Identifier: Apache-2.0
"""The window of tokens beside an array: both sides read and write at random."""

from random import Random
from typing import Any

import pytest

from streamhw.stream.axi.token_window import TokenWindow
from tests.clocked import run_clocked


@pytest.mark.parametrize(("context", "width", "seed"), [(5, 6, 0), (16, 17, 1), (2, 31, 2)])
def test_beside_an_array(context: int, width: int, seed: int) -> None:
    dut = TokenWindow(context=context, token_width=width)
    keep = (1 << width) - 1

    async def bench(ctx: Any) -> None:
        rng, words = Random(seed), [0] * context
        for _ in range(300):
            ours, theirs = rng.randrange(context), rng.randrange(context)
            ctx.set(dut.read_addr, ours)
            ctx.set(dut.host_read_addr, theirs)
            expected = words[ours], words[theirs]
            place, bits, strobe = rng.randrange(context), rng.getrandbits(width), rng.getrandbits(4)
            machine = rng.random() < 0.4
            ctx.set(dut.write_enable, machine)
            ctx.set(dut.write_addr, place if machine else rng.randrange(context))
            ctx.set(dut.write_data, bits if machine else rng.getrandbits(width))
            ctx.set(dut.host_addr, place)
            ctx.set(dut.host_data, bits)
            ctx.set(dut.host_strobe, 0 if machine else strobe)
            written = -1 if machine else sum(0xFF << 8 * n for n in range(4) if strobe >> n & 1)
            words[place] = (words[place] & ~written | bits & written) & keep
            await ctx.tick()
            assert (ctx.get(dut.read_data), ctx.get(dut.host_read_data)) == expected

    run_clocked(dut, bench)
