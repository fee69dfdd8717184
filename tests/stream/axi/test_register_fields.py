# SPDX-License-Identifier: Apache-2.0
"""Fields of registers: where they are read, and which bytes of them a write changes."""

from random import Random
from typing import Any

import pytest
from amaranth.hdl import Module, Signal

from streamhw.stream.axi.register_fields import strobed, word
from tests.clocked import run_clocked


@pytest.mark.parametrize("seed", range(2))
def test_what_is_written_is_read(seed: int) -> None:
    """Bits that belong to no field read 0, and bytes without a strobe stay."""
    low, high = Signal(13), Signal(2)
    fields = {3: low, 30: high}
    mask = 0x1FFF << 3 | 3 << 30
    m, value, strobe, read = Module(), Signal(32), Signal(4), Signal(32)
    m.d.comb += read.eq(word(fields))
    m.d.sync += strobed(fields, value, strobe)

    async def bench(ctx: Any) -> None:
        rng, expected = Random(seed), 0
        for _ in range(50):
            bits, strobes = rng.getrandbits(32), rng.getrandbits(4)
            ctx.set(value, bits)
            ctx.set(strobe, strobes)
            await ctx.tick()
            bytes_ = sum(0xFF << 8 * n for n in range(4) if strobes >> n & 1)
            expected = (expected & ~bytes_ | bits & bytes_) & mask
            assert ctx.get(read) == expected

    run_clocked(m, bench)
