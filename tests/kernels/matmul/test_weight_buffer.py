# SPDX-License-Identifier: Apache-2.0
"""The buffer of weights: each tile's words once for each group of tokens, in order."""

from typing import Any

import pytest

from streamhw.kernels.matmul.weight_buffer import WEIGHTS_LATENCY, WeightBuffer, store_words
from tests.clocked import run_clocked

STEPS, TILES = (3, 2), (2, 4)


def wanted(runs: list[tuple[int, int]], lane_bits: int) -> list[int]:
    words, found = 0, []
    for context, tokens in runs:
        for _ in range(TILES[context]):
            tile = list(range(words, words + STEPS[context]))
            words += STEPS[context]
            found += tile * (((tokens - 1) >> lane_bits) + 1)
    return found


@pytest.mark.parametrize("lane_bits", [0, 1])
@pytest.mark.parametrize("stalls", [1, 3])
def test_repeats_the_words_of_a_tile(lane_bits: int, stalls: int) -> None:
    runs = [(0, 3), (1, 1), (1, 4), (0, 2)]
    dut = WeightBuffer(width=8, steps=STEPS, tiles=TILES, tokens=4, lane_bits=lane_bits)
    goal = wanted(runs, lane_bits)
    found: list[int] = []

    async def bench(ctx: Any) -> None:
        told, sent, ends = 0, 0, []
        for context, tokens in runs:
            before = ends[-1] if ends else 0
            groups = ((tokens - 1) >> lane_bits) + 1
            ends.append(before + TILES[context] * STEPS[context] * groups)
        cycle = 0
        while len(found) < len(goal):
            # one context may wait while another is read
            start = told < len(runs) and (told < 2 or len(found) > ends[told - 2])
            ctx.set(dut.start, start)
            if start:
                ctx.set(dut.context, runs[told][0])
                ctx.set(dut.last_token, runs[told][1] - 1)
                told += 1
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.payload, [sent & 0xFF])
            ctx.set(dut.o.ready, cycle % stalls == 0)
            if ctx.get(dut.i.ready):
                sent += 1
            if ctx.get(dut.o.valid) and cycle % stalls == 0:
                found.append(ctx.get(dut.o.payload))
            await ctx.tick()
            cycle += 1
            assert cycle < 1000

    run_clocked(dut, bench)
    assert found == goal


def test_first_word_comes_after_the_latency() -> None:
    dut = WeightBuffer(width=8, steps=(2,), tiles=(1,), tokens=1, lane_bits=0)

    async def bench(ctx: Any) -> None:
        ctx.set(dut.start, 1)
        ctx.set(dut.i.valid, 1)
        ctx.set(dut.o.ready, 1)
        for cycle in range(WEIGHTS_LATENCY + 1):
            assert ctx.get(dut.o.valid) == (cycle == WEIGHTS_LATENCY)
            await ctx.tick()
            ctx.set(dut.start, 0)

    run_clocked(dut, bench)


def test_holds_two_tiles_of_the_longest_context() -> None:
    assert [store_words(steps) for steps in ((1,), (3, 2), (8,))] == [2, 8, 16]
