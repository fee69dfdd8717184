# SPDX-License-Identifier: Apache-2.0
"""Recovery beside guards in Python: order of its steps, what the pin does, and the ticks."""

import random
from itertools import pairwise

import pytest

from streamhw.stream.axi.recovery import Recovery
from tests.clocked import run_clocked


def test_the_pin_is_followed_by_a_cycle() -> None:
    """As long as nothing is owed: the design starts when it did without guards."""
    recovery = Recovery()

    async def bench(ctx):
        ctx.set(recovery.closed, 1)
        ctx.set(recovery.idle, 1)
        before = 1
        for pin in (1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0):
            ctx.set(recovery.pin, pin)
            assert ctx.get(recovery.reset) == before
            assert ctx.get(recovery.stat_running) == 1 - before
            await ctx.tick()
            before = pin

    run_clocked(recovery, bench)


@pytest.mark.parametrize("latency", [0, 3])
def test_the_design_is_told_of_once_it_is_awake(latency: int) -> None:
    """A start before would be lost; a port is held until the design is in the reset of the pin."""
    recovery = Recovery(latency=latency)
    rng = random.Random(latency)

    async def bench(ctx):
        ctx.set(recovery.closed, 1)
        ctx.set(recovery.idle, 1)
        resets = [1] * (latency + 1)  # on their way to the registers of the design
        starts = 0
        held = latency + 1
        for _ in range(600):
            pin, abort = rng.random() < 0.05, rng.random() < 0.05
            ctx.set(recovery.pin, pin)
            ctx.set(recovery.abort, abort)
            resets = [*resets, ctx.get(recovery.reset)][-(latency + 1) :]
            if ctx.get(recovery.stat_running):
                assert resets[0] == 0
                starts += 1
            held = latency + 1 if pin else max(held - 1, 0)
            assert ctx.get(recovery.hold) == (held > 0)
            await ctx.tick()
        assert starts > 100

    run_clocked(recovery, bench)


@pytest.mark.parametrize("latency", [0, 3])
@pytest.mark.parametrize("far", [0, 4])
@pytest.mark.parametrize("cause", ["abort", "fault", "pin"])
def test_steps_of_an_abort(cause: str, far: int, latency: int) -> None:
    """Guards hear and say everything ``far / 2`` cycles later; each step waits for all of them."""
    recovery = Recovery(far=far, latency=latency)
    rng = random.Random(far)

    async def bench(ctx):
        heard = [(1, 0)] * (far // 2 + 1)  # isolate and drain on their way to the guards
        said = [(0, 1)] * (far // 2 + 1)
        closes, drains = [0] * 3, [0] * 3  # cycles that each guard takes

        async def cycle():
            heard.append((ctx.get(recovery.isolate), ctx.get(recovery.drain)))
            isolate, drain = heard.pop(0)
            for n in range(3):
                if isolate:
                    closes[n] = max(closes[n] - 1, 0)
                if isolate and drain:
                    drains[n] = max(drains[n] - 1, 0)
            said.append((isolate and not any(closes), not any(drains)))
            closed, idle = said.pop(0)
            ctx.set(recovery.closed, closed)
            ctx.set(recovery.idle, idle)
            if not ctx.get(recovery.reset):
                assert not ctx.get(recovery.drain)
            await ctx.tick()

        async def until(signal, value, limit=100):
            for _ in range(limit):
                if ctx.get(signal) == value:
                    return
                await cycle()
            raise AssertionError(f"{signal.name} must be {value} within {limit} cycles")

        await until(recovery.stat_running, 1)
        for _ in range(20):
            closes[:] = [rng.randrange(12) for _ in range(3)]
            drains[:] = [rng.randrange(12) for _ in range(3)]
            ctx.set(getattr(recovery, cause), 1)
            await cycle()
            if cause != "fault":
                ctx.set(getattr(recovery, cause), 0)
            assert ctx.get(recovery.isolate) and not ctx.get(recovery.stat_running)
            assert ctx.get(recovery.stat_closing) == (cause != "pin")
            await until(recovery.reset, 1)
            assert cause == "pin" or closes == [0, 0, 0]
            await until(recovery.drain, 1)
            if cause == "fault":
                for _ in range(40):
                    await cycle()
                assert ctx.get(recovery.reset), "a fault must be cleared first"
                ctx.set(recovery.fault, 0)
            await until(recovery.reset, 0)
            assert drains == [0, 0, 0]
            for _ in range(latency):
                assert not ctx.get(recovery.stat_running)
                await cycle()
            assert ctx.get(recovery.stat_running)
            for _ in range(rng.randrange(2 * far + 2)):
                await cycle()

    run_clocked(recovery, bench)


def test_only_an_abort_forgets_what_is_owed() -> None:
    recovery = Recovery()

    async def bench(ctx):
        async def forgets():
            ctx.set(recovery.forget, 1)
            await ctx.tick()
            ctx.set(recovery.forget, 0)
            return ctx.get(recovery.forget_owed)

        ctx.set(recovery.idle, 1)
        ctx.set(recovery.closed, 1)
        await ctx.tick().repeat(4)
        assert ctx.get(recovery.stat_idle) and not await forgets()
        ctx.set(recovery.idle, 0)
        ctx.set(recovery.abort, 1)
        await ctx.tick()
        ctx.set(recovery.abort, 0)
        await ctx.tick().repeat(10)
        assert not ctx.get(recovery.stat_running) and await forgets()
        ctx.set(recovery.idle, 1)
        await ctx.tick().repeat(2)
        assert ctx.get(recovery.stat_running)

    run_clocked(recovery, bench)


def test_ticks() -> None:
    recovery = Recovery()

    async def bench(ctx):
        async def ticks(cycles):
            found = []
            for cycle in range(cycles):
                if ctx.get(recovery.tick):
                    found.append(cycle)
                await ctx.tick()
            return found

        assert await ticks(50) == []
        ctx.set(recovery.watchdog, 7)
        found = await ticks(100)
        assert {b - a for a, b in pairwise(found)} == {7}
        ctx.set(recovery.watchdog, 3)
        assert len(await ticks(30)) == 10

    run_clocked(recovery, bench)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^Recovery far must be at least 0, not -1$"):
        Recovery(far=-1)
    with pytest.raises(ValueError, match=r"^Recovery latency must be at least 0, not -2$"):
        Recovery(latency=-2)
