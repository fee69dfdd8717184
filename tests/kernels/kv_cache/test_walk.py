# SPDX-License-Identifier: Apache-2.0
"""The walk of a cache kernel over groups of heads and tokens."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream

from streamhw.kernels.kv_cache.append import CacheAppendSpec
from streamhw.kernels.kv_cache.walk import START, CacheWalk
from tests.clocked import run_clocked

SPEC = CacheAppendSpec(
    heads=3, head_dim=16, context=16, layers=4, tokens=3, lanes=4, width=128, offset=64
)
BASE = 0x1_0000


def walk(fields: dict[str, int], cycles: int) -> tuple[list[tuple[int, int]], int | None]:
    """Cycle and address of each group of heads of a step, a group a cycle; and when it is over."""
    m = Module()
    step = stream.Signature(SPEC.step).create()
    base = Signal(40)
    found = CacheWalk(m, SPEC, step, base)
    m.d.comb += found.group_done.eq(found.running)
    groups: list[tuple[int, int]] = []
    free: list[int] = []

    async def bench(ctx: Any) -> None:
        ctx.set(base, BASE)
        ctx.set(step.payload.as_value(), SPEC.step.const(fields).as_value().value)
        for cycle in range(cycles):
            ctx.set(step.valid, cycle == 0)
            if ctx.get(found.running):
                groups.append((cycle, ctx.get(found.group_at)))
            elif cycle and ctx.get(step.ready):
                free.append(cycle)
            await ctx.tick()

    run_clocked(m, bench)
    return groups, free[0] if free else None


def test_all_groups_of_each_token() -> None:
    layout = SPEC.layout
    fields = {"tail": 0, "head": 0, "tokens": 2, "position": 5, "layer": 3}
    groups, free = walk(fields, 20)
    assert groups[0][0] == START
    first = BASE + SPEC.offset
    assert [address for _, address in groups] == [
        first + layout.address(layer=3, group=group, position=0)
        for _ in range(2)
        for group in range(3)
    ]
    assert free == groups[-1][0] + 1


def test_a_tail_is_no_step() -> None:
    fields = {"tail": 1, "head": 1, "tokens": 1, "position": 5, "layer": 0}
    groups, free = walk(fields, 10)
    assert groups == [] and free == 1
