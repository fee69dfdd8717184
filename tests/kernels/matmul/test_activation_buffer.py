# SPDX-License-Identifier: Apache-2.0
"""The buffer of x: one region is filled in the order of arrival while the other is read."""

from typing import Any

import numpy as np
import pytest

from streamhw.kernels.matmul.activation_buffer import ActivationBuffer
from streamhw.kernels.matmul.activation_layout import ActivationLayout
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from tests.clocked import run_clocked

INT8, TOKENS = Fixed(8), Symbol("tokens", 3)
LAYOUT = ActivationLayout(tokens=3, inputs=4, words=2, lanes=2, piece=2)
ARRIVALS = [
    row_major(INT8, (TOKENS, 8), 2),
    ITensor(INT8, (1, 4), (Loop(2, 4, 1), Loop(TOKENS, 1, 0))),
]


@pytest.mark.parametrize("tokens", [1, 2, 3])
@pytest.mark.parametrize("context", [0, 1])
def test_gives_the_words_of_each_lane(context: int, tokens: int) -> None:
    arrival = ARRIVALS[context]
    x = np.random.default_rng(tokens).integers(-128, 128, (3, 8))
    dut = ActivationBuffer(layout=LAYOUT, arrivals=ARRIVALS, tokens=3)

    async def bench(ctx: Any) -> None:
        port = getattr(dut, f"i_{context}")
        for turn in range(3):  # the regions take turns
            ctx.set(dut.start, 1)
            ctx.set(dut.context, context)
            ctx.set(dut.tokens, tokens)
            await ctx.tick()
            ctx.set(dut.start, 0)
            region = ctx.get(dut.region)
            assert ctx.get(dut.busy) and region == (turn + 1) % 2
            for beat in arrival.pack(x, {"tokens": tokens}).tolist():
                ctx.set(port.valid, 1)
                ctx.set(port.payload, beat)
                assert ctx.get(port.ready)
                await ctx.tick()
            ctx.set(port.valid, 0)
            assert not ctx.get(dut.busy)
            assert ctx.get(dut.arrived) == tokens * LAYOUT.words
            for place in range(-(-tokens // 2)):
                for word in range(2):
                    ctx.set(dut.en, 1)
                    ctx.set(dut.at, word | place << 1 | region << 2)
                    await ctx.tick()
                    found = int(ctx.get(dut.x)).to_bytes(8, "little")
                    for lane in range(min(2, tokens - 2 * place)):
                        row = x[2 * place + lane, 4 * word : 4 * word + 4] & 0xFF
                        assert list(found[4 * lane : 4 * lane + 4]) == row.tolist()

    run_clocked(dut, bench)
