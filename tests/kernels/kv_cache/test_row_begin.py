# SPDX-License-Identifier: Apache-2.0
"""Where rows in windows begin: against the rule, token by token of several steps."""

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream
from amaranth.sim import Simulator

from streamhw.kernels.kv_cache.read import CacheReadSpec
from streamhw.kernels.kv_cache.row_begin import row_begin
from streamhw.kernels.kv_cache.walk import CacheWalk
from tests.kernels.kv_cache.caches import parameters, step

STEPS = ((3, 0, 0), (3, 3, 1), (2, 6, 0), (3, 8, 2), (1, 15, 0))


@pytest.mark.parametrize("positions", [1, 4])
def test_beginnings_follow_the_tokens(positions: int) -> None:
    spec = CacheReadSpec(**parameters(1, 8, 8, 64), positions=positions, windows=(2, 16, 5))
    windows, m = spec.rows, Module()
    i_step = stream.Signature(spec.step).flip().create()
    walk = CacheWalk(m, spec, i_step, Signal(40))
    length = Signal(range(spec.context + 1))
    with m.If(walk.begins):
        m.d.sync += length.eq(walk.step.position + 1)
    with m.If(walk.token_done):
        m.d.sync += length.eq(length + 1)
    begin = row_begin(m, walk, length, windows)
    m.d.comb += walk.group_done.eq(walk.running)
    found: list[int] = []

    async def bench(ctx):  # type: ignore[no-untyped-def]
        for n, position, layer in STEPS:
            ctx.set(i_step.payload.as_value(), int(step(spec, n, position, layer)[0]))
            ctx.set(i_step.valid, 1)
            await ctx.tick()
            ctx.set(i_step.valid, 0)
            while not ctx.get(i_step.ready):
                if ctx.get(walk.token_done):
                    found.append(ctx.get(begin) * windows.together)
                await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    expected = [windows.begin(p + t, layer) for n, p, layer in STEPS for t in range(n)]
    assert found == expected
