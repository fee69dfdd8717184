# SPDX-License-Identifier: Apache-2.0
"""A memory and a design in Python on both sides of a guard, and the steps of an abort.

Nothing here is shared with the hardware: memory counts what it owes by AXI's rules alone.
"""

from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from amaranth.hdl import Value

from streamhw.stream.axi.read_guard import ReadGuard
from streamhw.stream.axi.register_map import MemoryFault
from streamhw.stream.axi.write_guard import WriteGuard
from tests.clocked import run_clocked

ADDRESS, WIDTH, DEPTH = 16, 32, 4
BYTES = WIDTH // 8


def word_at(address: int) -> int:
    """What memory has there at first."""
    return (address * 0x9E3779B1 + 7) & 0xFFFFFFFF


class Shown:
    """A channel that must keep what it shows until it is taken."""

    def __init__(self, name: str, channel: Any):
        self.name, self.channel = name, channel
        self._before: int | None = None

    free = False  # what is shown may go

    def look(self, ctx: Any, *, free: bool = False) -> bool:
        """Whether a beat passes now; ``free``: what was shown may have gone."""
        valid, ready = ctx.get(self.channel.valid), ctx.get(self.channel.ready)
        payload = ctx.get(Value.cast(self.channel.payload))
        if self._before is not None and not (free or self.free):
            assert valid, f"{self.name} went before it was taken"
            assert payload == self._before, f"{self.name} changed before it was taken"
        self._before = payload if valid and not ready else None
        return bool(valid and ready)


class Side:
    """What offers beats on a channel: each stays until it is taken."""

    def __init__(self, channel: Any, rng: Random, share: float):
        self.channel, self._rng, self._share = channel, rng, share
        self.offered: dict[str, int] | None = None

    def offer(self, ctx: Any, make: Callable[[], dict[str, int] | None]) -> None:
        if self.offered is None and self._rng.random() < self._share:
            self.offered = make()
        ctx.set(self.channel.valid, self.offered is not None)
        for name, value in (self.offered or {}).items():
            ctx.set(self.channel.p[name], value)

    def taken(self, ctx: Any) -> dict[str, int] | None:
        """What is taken in this cycle."""
        if self.offered is None or not ctx.get(self.channel.ready):
            return None
        passed, self.offered = self.offered, None
        return passed

    def drop(self, ctx: Any) -> None:
        self.offered = None
        ctx.set(self.channel.valid, 0)


class Bench:
    """Random traffic through a guard, a cycle a time. Subclasses drive both sides."""

    def __init__(self, guard: ReadGuard | WriteGuard, seed: int, *, flow: float = 0.7):
        self.guard, self.rng, self.flow = guard, Random(seed), flow
        self.where = f"seed {seed}"
        self.alive = True  # the design
        self.open = True  # the memory: takes and gives

    def chance(self) -> bool:
        return self.rng.random() < self.flow

    async def cycle(self, ctx: Any) -> None:
        """Drives, looks and ticks."""
        raise NotImplementedError

    @property
    def owed(self) -> int:
        """What memory has still to do, by its own count."""
        raise NotImplementedError

    def restart(self, ctx: Any) -> None:
        """The design forgets everything, as in a reset."""
        raise NotImplementedError

    def forget(self, ctx: Any) -> None:
        """Memory forgets everything, as in a reset."""
        raise NotImplementedError

    async def run(self, ctx: Any, cycles: int) -> None:
        for _ in range(cycles):
            await self.cycle(ctx)

    async def until(self, ctx: Any, what: Any, limit: int = 3000) -> None:
        for _ in range(limit):
            if ctx.get(what):
                return
            await self.cycle(ctx)
        raise AssertionError(f"{what.name} must come within {limit} cycles ({self.where})")

    async def abort(self, ctx: Any) -> None:
        """As ``Recovery`` does it: close, reset, drain, go on."""
        control = self.guard.control
        ctx.set(control.isolate, 1)
        await self.until(ctx, control.closed)
        self.restart(ctx)
        await self.drain(ctx)

    async def clear(self, ctx: Any) -> None:
        """The host forgets the fault, and traffic goes on."""
        control = self.guard.control
        ctx.set(control.clear, 1)
        await self.cycle(ctx)
        ctx.set(control.clear, 0)
        await self.run(ctx, 200)
        assert ctx.get(control.fault) == MemoryFault.NONE, self.where

    async def pin(self, ctx: Any, cycles: int) -> None:
        """A reset of the design alone."""
        control = self.guard.control
        ctx.set(control.hold, 1)
        await self.cycle(ctx)
        self.restart(ctx)
        ctx.set(control.isolate, 1)
        await self.run(ctx, cycles)
        ctx.set(control.hold, 0)
        await self.drain(ctx)

    async def drain(self, ctx: Any) -> None:
        control = self.guard.control
        await self.run(ctx, 2)
        ctx.set(control.drain, 1)
        await self.until(ctx, control.idle)
        assert self.owed == 0, f"memory owes {self.owed} when the guard is idle ({self.where})"
        ctx.set(control.drain, 0)
        ctx.set(control.isolate, 0)
        self.alive = True


class Reads(Bench):
    """Bursts of a design, and a memory that answers them in order."""

    def __init__(self, guard: ReadGuard, seed: int, *, flow: float = 0.7):
        super().__init__(guard, seed, flow=flow)
        self.asks = Side(guard.design.ar, self.rng, flow)
        self.gives = Side(guard.memory.r, self.rng, flow)
        self.shown = Shown("AR", guard.memory.ar)
        self.wanted: deque[tuple[int, int, int]] = deque()  # id, data, last
        self.pending: deque[list[int]] = deque()  # of memory: address, beats, beats given
        self.received = 0
        self.spoil: Callable[[dict[str, int]], None] = lambda beat: None

    @property
    def owed(self) -> int:
        return len(self.pending) + (self.gives.offered is not None)

    def restart(self, ctx: Any) -> None:
        self.alive = False
        self.asks.drop(ctx)
        self.wanted.clear()

    def forget(self, ctx: Any) -> None:
        self.gives.drop(ctx)
        self.pending.clear()

    def _ask(self) -> dict[str, int]:
        address = self.rng.randrange(1 << (ADDRESS - 3)) * BYTES
        return {"addr": address, "len": self.rng.choice((0, 0, 1, 3)), "id": self.rng.randrange(9)}

    def _give(self) -> dict[str, int] | None:
        if not self.pending:
            return None
        burst = self.pending[0]
        address, beats, done = burst
        burst[2] += 1
        data, last = word_at(address + done * BYTES), int(done + 1 == beats)
        beat = {"id": 0, "data": data, "resp": 0, "last": last}
        self.spoil(beat)
        if beat["last"]:
            self.pending.popleft()
        return beat

    async def cycle(self, ctx: Any) -> None:
        guard = self.guard
        hold = ctx.get(guard.control.hold)
        if self.alive:
            self.asks.offer(ctx, self._ask)
        ctx.set(guard.design.r.ready, self.chance())
        ctx.set(guard.memory.ar.ready, self.open and self.chance())
        self.gives.offer(ctx, self._give if self.open else lambda: None)
        address = ctx.get(guard.memory.ar.p.addr), ctx.get(guard.memory.ar.p.len)
        assert ctx.get(guard.memory.ar.p.id) == 0
        passed = self.shown.look(ctx, free=bool(hold))
        assert not (hold and (passed or ctx.get(guard.memory.r.ready)))
        asked = self.asks.taken(ctx)
        assert passed == (asked is not None), f"AR must pass on both sides ({self.where})"
        if ctx.get(guard.design.r.valid) and ctx.get(guard.design.r.ready):
            beat = tuple(ctx.get(guard.design.r.p[name]) for name in ("id", "data", "last"))
            assert beat == self.wanted.popleft(), self.where
            self.received += 1
        if asked is not None:
            first, length, who = asked["addr"], asked["len"], asked["id"]
            assert address == (first, length)
            for n in range(length + 1):
                self.wanted.append((who, word_at(first + n * BYTES), int(n == length)))
            self.pending.append([first, length + 1, 0])
        self.gives.taken(ctx)
        await ctx.tick()


class Writes(Bench):
    """Bursts of a design, and a memory that may take data before its address.

    early: whether it does
    """

    def __init__(self, guard: WriteGuard, seed: int, *, flow: float = 0.7, early: bool = True):
        super().__init__(guard, seed, flow=flow)
        self.early = early
        self.asks = Side(guard.design.aw, self.rng, flow)
        self.sends = Side(guard.design.w, self.rng, flow)
        self.gives = Side(guard.memory.b, self.rng, flow)
        self.shown = Shown("AW", guard.memory.aw), Shown("W", guard.memory.w)
        self.unsent: deque[int] = deque()  # of the design: beats of its bursts without data
        self.at = 0  # beats sent of the first
        self.wanted: deque[int] = deque()  # IDs of bursts without answer
        self.addresses: deque[tuple[int, int]] = deque()  # of memory, whose data is not complete
        self.early_data: deque[tuple[int, int, int]] = deque()
        self.filled = 0  # beats of the first address
        self.due = 0  # answers
        self.memory: dict[int, int] = {}
        self.expected: dict[int, int] = {}  # by the beats that the design got rid of
        self.places: deque[int] = deque()  # where they go
        self.answered = 0
        self.spoil: Callable[[dict[str, int]], None] = lambda beat: None

    @property
    def owed(self) -> int:
        return (
            len(self.addresses) + len(self.early_data) + self.due + (self.gives.offered is not None)
        )

    def restart(self, ctx: Any) -> None:
        self.alive = False
        self.asks.drop(ctx)
        self.sends.drop(ctx)
        self.unsent.clear()
        self.wanted.clear()
        self.places.clear()
        self.at = 0

    def forget(self, ctx: Any) -> None:
        self.gives.drop(ctx)
        self.addresses.clear()
        self.early_data.clear()
        self.filled = self.due = 0

    def _ask(self) -> dict[str, int]:
        address = self.rng.randrange(1 << (ADDRESS - 3)) * BYTES
        burst = {"addr": address, "len": self.rng.choice((0, 0, 1, 3)), "id": self.rng.randrange(9)}
        self.places.extend(address + n * BYTES for n in range(burst["len"] + 1))
        self.fresh = burst["len"] + 1
        return burst

    def _send(self) -> dict[str, int] | None:
        if not self.unsent:
            return None
        last = self.at + 1 == self.unsent[0]
        return {"data": self.rng.getrandbits(WIDTH), "strb": self.rng.getrandbits(4), "last": last}

    def _give(self) -> dict[str, int] | None:
        if not self.due:
            return None
        self.due -= 1
        beat = {"id": 0, "resp": 0}
        self.spoil(beat)
        return beat

    async def cycle(self, ctx: Any) -> None:
        guard = self.guard
        hold = ctx.get(guard.control.hold)
        self.fresh = 0
        if self.alive:
            self.sends.offer(ctx, self._send)
            self.asks.offer(ctx, self._ask)
        ctx.set(guard.design.b.ready, self.chance())
        ctx.set(guard.memory.aw.ready, self.open and self.chance())
        takes = bool(self.addresses) or self.early
        ctx.set(guard.memory.w.ready, self.open and takes and self.chance())
        self.gives.offer(ctx, self._give if self.open else lambda: None)
        address = ctx.get(guard.memory.aw.p.addr), ctx.get(guard.memory.aw.p.len) + 1
        beat = tuple(ctx.get(guard.memory.w.p[name]) for name in ("data", "strb", "last"))
        assert ctx.get(guard.memory.aw.p.id) == 0
        asked, sent = (shown.look(ctx, free=bool(hold)) for shown in self.shown)
        assert not (hold and (asked or sent or ctx.get(guard.memory.b.ready)))
        self.asks.taken(ctx)
        if self.fresh:  # its data may come from the next cycle on
            self.unsent.append(self.fresh)
            self.wanted.append(ctx.get(guard.design.aw.p.id))
        if own := self.sends.taken(ctx):
            assert sent
            self.at = 0 if own["last"] else self.at + 1
            if own["last"]:
                self.unsent.popleft()
            _merge(self.expected, self.places.popleft(), own["data"], own["strb"])
        elif sent:
            assert not self.alive and beat[1] == 0, f"a beat of nobody ({self.where})"
        if ctx.get(guard.design.b.valid) and ctx.get(guard.design.b.ready):
            assert ctx.get(guard.design.b.p.id) == self.wanted.popleft(), self.where
            self.answered += 1
        self.gives.taken(ctx)
        if asked:
            self.addresses.append(address)
        if sent:
            self.early_data.append(beat)
        self._store()
        await ctx.tick()

    def _store(self) -> None:
        while self.early_data and self.addresses:
            (first, beats), (data, strobes, last) = self.addresses[0], self.early_data.popleft()
            _merge(self.memory, first + self.filled * BYTES, data, strobes)
            self.filled += 1
            assert bool(last) == (self.filled == beats), f"WLAST at beat {self.filled} of {beats}"
            if last:
                self.addresses.popleft()
                self.filled = 0
                self.due += 1


def _merge(memory: dict[int, int], address: int, data: int, strobes: int) -> None:
    for n in range(BYTES):
        if strobes >> n & 1:
            memory[address + n] = data >> 8 * n & 0xFF


def on_guards(
    kind: type[Reads] | type[Writes], seeds: range, play: Callable[[Any, Any], Any], **options: Any
) -> Iterator[Bench]:
    """A bench of its own for each seed, after ``play(ctx, bench)``."""
    for seed in seeds:
        build: Any = ReadGuard if kind is Reads else WriteGuard
        guard = build(width=WIDTH, outstanding=DEPTH, address=ADDRESS)
        bench: Any = kind(guard, seed, **options)

        async def run(ctx: Any, bench: Any = bench) -> None:
            await play(ctx, bench)

        run_clocked(guard, run)
        yield bench
