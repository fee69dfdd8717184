# SPDX-License-Identifier: Apache-2.0
"""The output stage: reads a tile token by token, requantizes it, and sends it to its port."""

from typing import Any

import numpy as np
import pytest

from streamhw.kernels.matmul.output_stage import DRAIN_LATENCY, OutputStage, drain_cycles
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
    dut = OutputStage(
        rows=ROWS,
        lanes=LANES,
        tokens=TOKENS,
        width=20,
        result_width=20,
        outputs=PORTS,
        digits=(1, 1),
        wait=wait,
    )
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


@pytest.mark.parametrize("wait", [0, 2])
def test_adds_the_sums_of_two_digits(wait: int) -> None:
    """Both rows of a token in turns; the other context has one row a token."""
    rng = np.random.default_rng(wait)
    acc = rng.integers(-(1 << 19), 1 << 19, (2 * TOKENS, ROWS))
    mult, shift = rng.integers(0, 1 << 16, ROWS), rng.integers(24, 30, ROWS)
    scales = pack_tile_scales(np.zeros(ROWS), mult, shift, None, rows=ROWS)[0]
    dut = OutputStage(
        rows=ROWS,
        lanes=LANES,
        tokens=2 * TOKENS,
        width=20,
        result_width=28,
        outputs=PORTS,
        digits=(1, 2),
        wait=wait,
    )
    found: dict[int, list[list[int]]] = {0: [], 1: []}
    ports = [getattr(dut, port.name) for port in PORTS]

    async def bench(ctx: Any) -> None:
        ctx.set(dut.affine, [int.from_bytes(row.tobytes(), "little") for row in scales[:7]])
        tokens: list[int] = [0] * wait
        tiles, ended = [1, 0, 1], 0
        for cycle in range(160):
            ctx.set(dut.some, ended < len(tiles) and cycle % 7 != 0)
            context = tiles[min(ended, len(tiles) - 1)]
            ctx.set(dut.context, context)
            ctx.set(dut.last_token, (2 * TOKENS if context else TOKENS) - 1)
            tokens.append(ctx.get(dut.token))
            ctx.set(dut.acc, acc[tokens[-1 - wait]].tolist())
            for index, port in enumerate(ports):
                ctx.set(port.ready, cycle % 3 == 0)
                if ctx.get(port.valid) and cycle % 3 == 0:
                    found[index].append([ctx.get(port.payload[lane]) for lane in range(LANES)])
            ended += ctx.get(dut.done)
            await ctx.tick()

    run_clocked(dut, bench)
    sums = (acc[:TOKENS], 256 * acc[::2] + acc[1::2])
    for index, times in enumerate((1, 2)):
        scaled = FORMATS[index].saturate(round_shift(sums[index] * mult, shift))
        assert found[index] == times * scaled.reshape(-1, LANES).tolist()


def test_latency_is_a_read_the_sum_of_two_digits_and_the_requantizer() -> None:
    assert DRAIN_LATENCY == 8
    assert [drain_cycles(digits) for digits in ((1, 1), (1, 2))] == [8, 9]
