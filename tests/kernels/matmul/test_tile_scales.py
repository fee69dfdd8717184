# SPDX-License-Identifier: Apache-2.0
"""The store of tile scales: words go in beat by beat, affine bytes and group multipliers come."""

from typing import Any

import numpy as np
import pytest

from streamhw.kernels.matmul.packing import AFFINE_WORDS
from streamhw.kernels.matmul.tile_scales import TileScales
from tests.clocked import run_clocked

ROWS, GROUPS = 3, 5


@pytest.mark.parametrize("has_offsets", [False, True])
@pytest.mark.parametrize("lanes", [1, 2, 8, 16])
def test_gives_what_a_tile_brought(lanes: int, has_offsets: bool) -> None:
    rng = np.random.default_rng(lanes)
    each = 1 + has_offsets
    beats = -(-(AFFINE_WORDS + each * GROUPS) // lanes)
    words = rng.integers(0, 256, (2, beats * lanes, ROWS))
    dut = TileScales(
        rows=ROWS,
        lanes=lanes,
        slots=4,
        tiles=[2, 1],
        beats=[beats, beats],
        groups=beats * lanes - AFFINE_WORDS,
        has_offsets=has_offsets,
    )
    loaded: list[int] = []

    async def bench(ctx: Any) -> None:
        ctx.set(dut.free, 1)
        ctx.set(dut.start, 1)
        ctx.set(dut.context, 0)
        await ctx.tick()
        ctx.set(dut.start, 0)
        assert ctx.get(dut.busy)
        for beat, lines in enumerate(words.reshape(2 * beats, lanes * ROWS)):
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.payload, lines.tolist())
            assert ctx.get(dut.i.ready)
            if ctx.get(dut.loaded):
                loaded.append(beat)
            await ctx.tick()
        ctx.set(dut.i.valid, 0)
        assert not ctx.get(dut.busy) and not ctx.get(dut.i.ready)
        for tile in range(2):
            ctx.set(dut.slot, tile)
            for byte in range(AFFINE_WORDS - 1):
                value = ctx.get(dut.affine[byte])
                assert list(int(value).to_bytes(ROWS, "little")) == words[tile, byte].tolist()
            for group in range(GROUPS):
                ctx.set(dut.group_en, 1)
                ctx.set(dut.group_slot, tile)
                ctx.set(dut.group, group)
                await ctx.tick()
                assert ctx.get(dut.take)
                found = [ctx.get(dut.m[row]) for row in range(ROWS)]
                assert found == words[tile, AFFINE_WORDS + each * group].tolist()
                if has_offsets:
                    found = [ctx.get(dut.n[row]) for row in range(ROWS)]
                    stored = words[tile, AFFINE_WORDS + 2 * group + 1]
                    assert found == stored.astype(np.int8).tolist()

    run_clocked(dut, bench)
    assert loaded == [beats - 1, 2 * beats - 1]


def test_waits_for_a_free_slot() -> None:
    dut = TileScales(rows=1, lanes=8, slots=4, tiles=[1], beats=[1], groups=0)

    async def bench(ctx: Any) -> None:
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        ctx.set(dut.i.valid, 1)
        for free in (0, 0, 1):
            ctx.set(dut.free, free)
            assert ctx.get(dut.i.ready) == free
            await ctx.tick()
        assert not ctx.get(dut.busy)

    run_clocked(dut, bench)
