# SPDX-License-Identifier: Apache-2.0
"""Read guard: nothing added in normal work, everything owed taken, each fault found."""

import pytest

from streamhw.stream.axi.read_guard import ReadGuard
from streamhw.stream.axi.register_map import MemoryFault
from tests.clocked import run_clocked
from tests.stream.axi.guard_bench import ADDRESS, DEPTH, WIDTH, Reads, on_guards


def test_random_traffic_passes() -> None:
    async def play(ctx, bench):
        await bench.run(ctx, 800)
        assert ctx.get(bench.guard.control.fault) == MemoryFault.NONE

    for flow in (0.2, 0.7, 1.0):
        for bench in on_guards(Reads, range(4), play, flow=flow):
            assert bench.received > 50


def test_no_cycle_is_added() -> None:
    """Within a cycle: valid and payload one way, ready the other, on both channels."""
    guard = ReadGuard(width=WIDTH, outstanding=DEPTH, address=ADDRESS)

    async def bench(ctx):
        for value in (1, 0, 1):
            ctx.set(guard.design.ar.valid, value)
            ctx.set(guard.memory.ar.ready, value)
            assert ctx.get(guard.memory.ar.valid) == ctx.get(guard.design.ar.ready) == value
            await ctx.tick()
        ctx.set(guard.design.ar.valid, 0)
        for value in (1, 0):
            ctx.set(guard.memory.r.valid, value)
            ctx.set(guard.memory.r.p.last, 1)
            ctx.set(guard.design.r.ready, value)
            assert ctx.get(guard.design.r.valid) == ctx.get(guard.memory.r.ready) == value
            await ctx.tick()

    run_clocked(guard, bench)


@pytest.mark.parametrize("way", ["abort", "pin"])
def test_isolated_at_every_moment(way: str) -> None:
    """After each, the design starts anew and gets only what it asked for since."""

    async def play(ctx, bench):
        for moment in range(40):
            await bench.run(ctx, moment % 13 + bench.rng.randrange(30))
            await (bench.abort(ctx) if way == "abort" else bench.pin(ctx, 1 + moment % 4))
        await bench.run(ctx, 200)

    for flow in (0.15, 0.6, 1.0):
        for bench in on_guards(Reads, range(3), play, flow=flow):
            assert bench.received > 20


SPOILS = {
    MemoryFault.EXOKAY: {"resp": 1},
    MemoryFault.SLVERR: {"resp": 2},
    MemoryFault.DECERR: {"resp": 3},
    MemoryFault.SHORT: {"last": 1},
    MemoryFault.LONG: {"last": 0},
    MemoryFault.UNREQUESTED: {"id": 3, "last": 0},
}


@pytest.mark.parametrize("kind", SPOILS)
def test_a_faulty_beat_does_not_pass(kind: MemoryFault) -> None:
    """Nor one behind it; kind and address stay until they are cleared, and then all is well."""

    async def play(ctx, bench):
        control = bench.guard.control
        faulty: list[int] = []

        def spoil(beat):
            burst = bench.pending[0]
            left = burst[1] - burst[2]
            suits = {MemoryFault.SHORT: left > 0, MemoryFault.LONG: left == 0}
            if faulty or bench.received < 20 or not suits.get(kind, True):
                return
            faulty.append(burst[0])
            beat |= SPOILS[kind]
            if kind is MemoryFault.LONG:
                burst[1] += 1  # one more than it was asked for
            elif kind is MemoryFault.UNREQUESTED:
                burst[2] -= 1  # the one that was asked for comes behind

        bench.spoil = spoil
        await bench.until(ctx, control.fault)
        got = bench.received
        await bench.run(ctx, 50)
        assert bench.received == got
        await bench.abort(ctx)
        assert ctx.get(control.fault) == kind and ctx.get(control.address) == faulty[0]
        await bench.clear(ctx)
        assert bench.received > got + 50

    for bench in on_guards(Reads, range(5), play):
        assert bench.received > 20


def test_memory_that_stops_is_found_and_given_up() -> None:
    """Twice the time between ticks at most; memory that was reset owes nothing when told so."""

    async def play(ctx, bench):
        control = bench.guard.control
        await bench.run(ctx, 50)
        bench.open = False
        await bench.run(ctx, 30)  # until all it may take is under way
        for stuck in (0, 1):
            assert ctx.get(control.stuck) == 0
            ctx.set(control.tick, 1)
            await bench.cycle(ctx)
            ctx.set(control.tick, 0)
            await bench.run(ctx, 10)
            assert ctx.get(control.fault) == (MemoryFault.TIMEOUT if stuck else MemoryFault.NONE)
        assert ctx.get(control.stuck) == 1
        address = bench.pending[0][0] if bench.pending else bench.asks.offered["addr"]
        assert ctx.get(control.address) == address
        ctx.set(control.isolate, 1)
        bench.shown.free = True
        for _ in range(2):
            ctx.set(control.tick, 1)
            await bench.cycle(ctx)
        ctx.set(control.tick, 0)
        await bench.until(ctx, control.closed)
        bench.restart(ctx)
        bench.forget(ctx)
        ctx.set(control.drain, 1)
        ctx.set(control.forget, 1)
        await bench.cycle(ctx)
        ctx.set(control.forget, 0)
        ctx.set(control.clear, 1)
        await bench.drain(ctx)
        ctx.set(control.clear, 0)
        bench.open, bench.shown.free = True, False
        got = bench.received
        await bench.run(ctx, 200)
        assert bench.received > got + 40 and ctx.get(control.fault) == MemoryFault.NONE

    for _ in on_guards(Reads, range(6), play):
        pass


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^ReadGuard outstanding must be 1 to 64, not 65$"):
        ReadGuard(width=32, outstanding=65)
