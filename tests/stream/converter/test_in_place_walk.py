# SPDX-License-Identifier: Apache-2.0
"""Walks in place: the writer's places are a permutation, its positions fall one by one."""

from typing import Any

from streamhw.numerics.fixed import Fixed
from streamhw.stream.converter.geometry import BufferKind, ConverterGeometry
from streamhw.stream.converter.in_place_walk import PlaceWriter, position_width
from streamhw.stream.itensor.itensor import ITensor, Loop, row_major
from tests.clocked import run_clocked

FMT = Fixed(8)
GEOMETRY = ConverterGeometry(
    source=row_major(FMT, (4, 3)),
    target=ITensor(FMT, (1, 1), (Loop(3, 1, 1), Loop(4, 1, 0))),
    kind=BufferKind.IN_PLACE,
)


def test_positions_have_a_bit_for_each_power_of_two() -> None:
    assert GEOMETRY.place is not None
    assert position_width(GEOMETRY.place) == 2 + 2  # loops of 4 and of 3


def test_each_block_is_written_where_the_one_before_was_read() -> None:
    place = GEOMETRY.place
    assert place is not None
    walk = PlaceWriter(place=place, shared=(), words=12, bits=0)
    blocks: list[list[int]] = [[] for _ in range(3)]
    positions: list[int] = []

    async def bench(ctx: Any) -> None:
        for block in blocks:
            while len(block) < 12:
                step = bool(ctx.get(walk.valid)) and not ctx.get(walk.changes)
                ctx.set(walk.step, step)
                if step:
                    block.append(ctx.get(walk.address))
                    positions.append(ctx.get(walk.position))
                await ctx.tick()

    run_clocked(walk, bench)
    order = [3 * (n % 4) + n // 4 for n in range(12)]  # of the target
    assert blocks[0] == list(range(12))
    assert blocks[1] == [blocks[0][n] for n in order]
    assert blocks[2] == [blocks[1][n] for n in order]
    assert positions[:12] == sorted(positions[:12], reverse=True)
    assert positions[:12] == positions[12:24]
