# SPDX-License-Identifier: Apache-2.0
"""Write guard: nothing added in normal work, what is owed finished, each fault found."""

import pytest

from streamhw.stream.axi.register_map import MemoryFault
from streamhw.stream.axi.write_guard import WriteGuard
from tests.clocked import run_clocked
from tests.stream.axi.guard_bench import ADDRESS, DEPTH, WIDTH, Writes, on_guards


@pytest.mark.parametrize("early", [False, True], ids=["address first", "data may be first"])
def test_random_traffic_passes(early: bool) -> None:
    async def play(ctx, bench):
        await bench.run(ctx, 800)
        assert ctx.get(bench.guard.control.fault) == MemoryFault.NONE
        await bench.abort(ctx)

    for flow in (0.2, 0.7, 1.0):
        for bench in on_guards(Writes, range(4), play, flow=flow, early=early):
            assert bench.answered > 20 and bench.memory == bench.expected


def test_no_cycle_is_added() -> None:
    """Within a cycle on all three channels, once the address is shown."""
    guard = WriteGuard(width=WIDTH, outstanding=DEPTH, address=ADDRESS)

    async def bench(ctx):
        design, memory = guard.design, guard.memory
        ctx.set(design.aw.valid, 1)
        for ready in (0, 0, 1):
            ctx.set(memory.aw.ready, ready)
            assert ctx.get(memory.aw.valid) and ctx.get(design.aw.ready) == ready
            await ctx.tick()
        ctx.set(design.aw.valid, 0)
        ctx.set(design.w.p.last, 1)
        for value in (0, 1):
            ctx.set(design.w.valid, value)
            ctx.set(memory.w.ready, value)
            assert ctx.get(memory.w.valid) == ctx.get(design.w.ready) == value
            await ctx.tick()
        ctx.set(design.w.valid, 0)
        for value in (0, 1):
            ctx.set(memory.b.valid, value)
            ctx.set(design.b.ready, value)
            assert ctx.get(design.b.valid) == ctx.get(memory.b.ready) == value
            await ctx.tick()

    run_clocked(guard, bench)


@pytest.mark.parametrize("early", [False, True], ids=["address first", "data may be first"])
@pytest.mark.parametrize("way", ["abort", "pin"])
def test_isolated_at_every_moment(way: str, early: bool) -> None:
    """Every burst ends, and memory has the design's beats only, each at its place."""

    async def play(ctx, bench):
        for moment in range(40):
            await bench.run(ctx, moment % 13 + bench.rng.randrange(30))
            await (bench.abort(ctx) if way == "abort" else bench.pin(ctx, 1 + moment % 4))
            assert bench.memory == bench.expected, bench.where
        await bench.run(ctx, 200)

    for flow in (0.15, 0.6, 1.0):
        for bench in on_guards(Writes, range(3), play, flow=flow, early=early):
            assert bench.answered > 5


SPOILS = {
    MemoryFault.EXOKAY: {"resp": 1},
    MemoryFault.SLVERR: {"resp": 2},
    MemoryFault.DECERR: {"resp": 3},
    MemoryFault.UNREQUESTED: {"id": 5},
}


@pytest.mark.parametrize("kind", SPOILS)
def test_a_faulty_answer_does_not_pass(kind: MemoryFault) -> None:
    """Nor one behind it; all of it is well again when it is cleared."""

    async def play(ctx, bench):
        control = bench.guard.control
        faulty: list[int] = []

        def spoil(beat):
            if not faulty and bench.answered > 10:
                faulty.append(1)
                beat |= SPOILS[kind]
                bench.due += kind is MemoryFault.UNREQUESTED  # the right one comes behind

        bench.spoil = spoil
        await bench.until(ctx, control.fault)
        got = bench.answered
        await bench.run(ctx, 50)
        assert bench.answered == got
        await bench.abort(ctx)
        assert ctx.get(control.fault) == kind
        assert bench.memory == bench.expected
        await bench.clear(ctx)
        assert bench.answered > got + 20

    for bench in on_guards(Writes, range(5), play):
        assert bench.answered > 10


def test_an_answer_before_its_data_is_unrequested() -> None:
    async def play(ctx, bench):
        control = bench.guard.control
        bench.open = False
        await bench.run(ctx, 20)
        ctx.set(bench.guard.memory.b.valid, 1)
        for _ in range(10):
            ctx.set(bench.guard.design.b.ready, 1)
            await ctx.tick()
            ctx.set(bench.guard.memory.b.valid, 0)
        assert ctx.get(control.fault) == MemoryFault.UNREQUESTED

    for _ in on_guards(Writes, range(3), play):
        pass


@pytest.mark.parametrize("taken", [False, True], ids=["not taken", "taken"])
def test_an_answer_needs_its_address(taken: bool) -> None:
    """Also if memory took all the data before."""
    guard = WriteGuard(width=WIDTH, outstanding=DEPTH, address=ADDRESS)

    async def bench(ctx):
        design, memory = guard.design, guard.memory
        ctx.set(design.aw.valid, 1)
        await ctx.tick().repeat(2)
        ctx.set(memory.aw.ready, taken)
        for channel, ready in ((design.w, memory.w), (memory.b, design.b)):
            ctx.set(channel.valid, 1)
            ctx.set(ready.ready, 1)
            if channel is design.w:
                ctx.set(channel.p.last, 1)
            elif not taken:
                assert not ctx.get(design.b.valid)
            await ctx.tick()
            ctx.set(channel.valid, 0)
            ctx.set(design.aw.valid, not taken)
        kind = MemoryFault.NONE if taken else MemoryFault.UNREQUESTED
        assert ctx.get(guard.control.fault) == kind

    run_clocked(guard, bench)


def test_memory_that_stops_is_found_and_given_up() -> None:
    """Its address stays shown, from the copy; memory that was reset owes nothing when told so."""

    async def play(ctx, bench):
        control = bench.guard.control
        await bench.run(ctx, 50)
        bench.open = False
        await bench.run(ctx, 30)
        for stuck in (0, 1):
            assert ctx.get(control.stuck) == 0
            ctx.set(control.tick, 1)
            await bench.cycle(ctx)
            ctx.set(control.tick, 0)
            await bench.run(ctx, 10)
            assert ctx.get(control.fault) == (MemoryFault.TIMEOUT if stuck else MemoryFault.NONE)
        assert ctx.get(control.stuck) == 1
        ctx.set(control.isolate, 1)
        bench.shown[1].free = True
        for _ in range(2):
            ctx.set(control.tick, 1)
            await bench.cycle(ctx)
        ctx.set(control.tick, 0)
        await bench.until(ctx, control.closed)
        bench.restart(ctx)
        bench.forget(ctx)
        bench.expected = dict(bench.memory)
        await bench.run(ctx, 2)
        for shown in bench.shown:
            shown.free = True
        ctx.set(control.drain, 1)
        ctx.set(control.forget, 1)
        await bench.cycle(ctx)
        ctx.set(control.forget, 0)
        ctx.set(control.clear, 1)
        await bench.drain(ctx)
        ctx.set(control.clear, 0)
        bench.open = True
        for shown in bench.shown:
            shown.free = False
        got = bench.answered
        await bench.run(ctx, 200)
        assert bench.answered > got + 20 and ctx.get(control.fault) == MemoryFault.NONE

    for _ in on_guards(Writes, range(6), play):
        pass


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^WriteGuard outstanding must be 1 to 64, not 0$"):
        WriteGuard(width=32, outstanding=0)
