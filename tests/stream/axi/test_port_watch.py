# SPDX-License-Identifier: Apache-2.0
"""The watch of a port: the first fault stays, and waits end between one tick and two."""

import random

from streamhw.stream.axi.port_watch import PortWatch
from streamhw.stream.axi.register_map import MemoryFault
from tests.clocked import run_clocked


def test_the_first_fault_stays_until_it_is_cleared() -> None:
    watch = PortWatch(address=16)

    async def bench(ctx):
        for round_ in range(2):
            for kind, address in ((MemoryFault.SHORT, 0x40), (MemoryFault.SLVERR, 0x80)):
                ctx.set(watch.found, kind)
                ctx.set(watch.address, address + round_)
                await ctx.tick()
                ctx.set(watch.found, MemoryFault.NONE)
                ctx.set(watch.address, 0)
                assert ctx.get(watch.fault) == MemoryFault.SHORT
                assert ctx.get(watch.fault_address) == 0x40 + round_
            ctx.set(watch.clear, 1)
            await ctx.tick()
            ctx.set(watch.clear, 0)
            assert ctx.get(watch.fault) == MemoryFault.NONE

    run_clocked(watch, bench)


def test_a_wait_ends_at_its_second_tick() -> None:
    """Random waits and ticks, against a count of the ticks since anything happened."""
    watch = PortWatch(address=16)
    rng = random.Random(4)

    async def bench(ctx):
        ticks, expired = 0, 0
        for _ in range(3000):
            waiting, moved = rng.random() < 0.9, rng.random() < 0.05
            tick = rng.random() < 0.1
            for signal, value in ((watch.waiting, waiting), (watch.moved, moved)):
                ctx.set(signal, value)
            ctx.set(watch.tick, tick)
            ctx.set(watch.clear, rng.random() < 0.02)
            rests = waiting and not moved
            ends = rests and tick and ticks >= 1
            assert ctx.get(watch.expired) == ends
            assert ctx.get(watch.stuck) == (ticks >= 2)
            ticks = ticks + tick if rests else 0
            expired += ends
            await ctx.tick()
        assert expired > 20

    run_clocked(watch, bench)
