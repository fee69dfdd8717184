# SPDX-License-Identifier: Apache-2.0
"""The output stage: reads a tile token by token, requantizes it, and sends it to its port."""

from typing import Any

import numpy as np
import pytest

from streamhw.kernels.matmul.output_stage import DRAIN_LATENCY, OutputStage
from streamhw.kernels.matmul.packing import pack_tile_scales
from streamhw.numerics.fixed import Fixed, round_shift
from streamhw.stream.itensor.itensor import row_major
from streamhw.stream.spec import Port
from tests.clocked import run_clocked

ROWS, LANES, TOKENS = 4, 2, 3
FORMATS = (Fixed(8), Fixed(12))
PORTS = tuple(
    Port(f"o_{name}", row_major(fmt, (TOKENS, ROWS), LANES))
    for name, fmt in zip("ab", FORMATS, strict=True)
)


@pytest.mark.parametrize("context", [0, 1])
@pytest.mark.parametrize("wait", [0, 2])
def test_sends_requantized_sums(context: int, wait: int) -> None:
    rng = np.random.default_rng(context)
    acc = rng.integers(-(1 << 19), 1 << 19, (TOKENS, ROWS))
    bias = rng.integers(-(1 << 16), 1 << 16, ROWS)
    mult, shift = rng.integers(0, 1 << 16, ROWS), rng.integers(18, 24, ROWS)
    scales = pack_tile_scales(bias, mult, shift, None, rows=ROWS)[0]
    dut = OutputStage(rows=ROWS, lanes=LANES, tokens=TOKENS, width=20, outputs=PORTS, wait=wait)
    found: list[list[int]] = []
    reads: list[tuple[int, int]] = []

    async def bench(ctx: Any) -> None:
        ctx.set(dut.context, context)
        ctx.set(dut.last_token, TOKENS - 1)
        ctx.set(dut.affine, [int.from_bytes(row.tobytes(), "little") for row in scales[:7]])
        tokens: list[int] = [0] * wait
        some, done = True, None
        mine, other = (getattr(dut, PORTS[n].name) for n in (context, 1 - context))
        for cycle in range(80):
            ctx.set(dut.some, some)
            tokens.append(ctx.get(dut.token))
            ctx.set(dut.acc, acc[tokens[-1 - wait]].tolist())
            ctx.set(mine.ready, cycle % 3 == 0)
            assert not ctx.get(other.valid)
            if ctx.get(dut.read):
                reads.append((cycle, ctx.get(dut.token)))
            if ctx.get(dut.done):
                done = cycle
            if ctx.get(mine.valid) and cycle % 3 == 0:
                found.append([ctx.get(mine.payload[lane]) for lane in range(LANES)])
            await ctx.tick()
            some = some and done is None

    run_clocked(dut, bench)
    scaled = FORMATS[context].saturate(round_shift((acc + bias) * mult, shift))
    assert found == scaled.reshape(-1, LANES).tolist()
    assert [token for _, token in reads] == list(range(TOKENS))


def test_latency_is_a_read_and_the_requantizer() -> None:
    assert DRAIN_LATENCY == 8
