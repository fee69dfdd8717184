# SPDX-License-Identifier: Apache-2.0
"""A controller between a master and a chip in Python: random bursts, and what must come of them.

The master knows AXI, and the chip its data sheet; where a byte of one is in the other, only the
controller knows.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from amaranth.hdl import ClockDomain, Module, Signal
from amaranth.sim import Simulator

from streamhw.boards.memory.sdram_part import IS42S16160G_7, SdramPart
from streamhw.peripherals.sdram.controller import SdramController
from streamhw.testing import SdramChip, sdram_bench
from tests.stream.axi.guard_bench import Shown, Side

BYTES = 16
PART = replace(IS42S16160G_7, power_up=1000.0)
"""A chip that is up soon, for simulations of a few thousand cycles."""

OKAY, SLAVE_ERROR, DECODE_ERROR = 0, 2, 3


@dataclass
class Burst:
    address: int  # of a beat
    beats: int
    id: int
    resp: int = OKAY
    done: int = 0

    def request(self) -> dict[str, int]:
        size = 3 if self.resp == SLAVE_ERROR else 4
        return {"addr": self.address * BYTES, "len": self.beats - 1, "id": self.id, "burst": 1,
                "size": size}  # fmt: skip

    def touches(self, other: "Burst") -> bool:
        return (
            self.address < other.address + other.beats and other.address < self.address + self.beats
        )


class Master:
    """Bursts on all channels, a cycle a time; knows what each byte must be.

    flow: share of the cycles in which a channel goes on; more: makes the next burst and whether it
    is a write, or ``None``
    """

    def __init__(
        self,
        dut: SdramController,
        chip: SdramChip,
        seed: int,
        more: Callable[["Master"], tuple[bool, Burst] | None],
        *,
        flow: float = 1.0,
    ):
        self.chip, self.reset_of_both = chip, Signal()
        bus = self.bus = dut.bus
        self.rng, self.flow, self._more = Random(seed), flow, more
        self._sides = {x: Side(getattr(bus, x), self.rng, flow) for x in ("ar", "aw", "w")}
        self._shown = {x: Shown(x.upper(), getattr(bus, x)) for x in ("r", "b")}
        self.takes = {"r": True, "b": True}  # what stays away for ever
        self.asks: dict[str, deque[Any]] = {"ar": deque(), "aw": deque(), "w": deque()}
        self.reads: deque[Burst] = deque()  # not answered
        self.writes: deque[Burst] = deque()
        self.content: dict[int, int] = {}  # beats; one that was never written is what it is
        self.partial = 0.0  # share of the beats, of those known, of which a part is written
        self.cycles = 0
        self.beats_read = self.beats_written = 0

    @property
    def busy(self) -> bool:
        return bool(self.reads or self.writes)

    def ask(self, write: bool, burst: Burst) -> None:
        """Offers a burst as soon as the channels have time."""
        self.asks["aw" if write else "ar"].append(burst.request())
        (self.writes if write else self.reads).append(burst)
        for index in range(burst.beats if write else 0):
            beat, address = self.rng.getrandbits(128), burst.address + index
            known = self.content.get(address)
            part = known is not None and self.rng.random() < self.partial
            strobe = self.rng.getrandbits(BYTES) if part else 0xFFFF
            self.asks["w"].append({"data": beat, "strb": strobe, "last": index + 1 == burst.beats})
            if burst.resp == OKAY:
                mask = sum(0xFF << 8 * lane for lane in range(BYTES) if strobe >> lane & 1)
                self.content[address] = (beat & mask) | ((known or 0) & ~mask)

    async def cycle(self, ctx: Any) -> None:
        waiting = sum(len(asks) for asks in self.asks.values())
        if waiting < 40 and (ask := self._more(self)) is not None:
            self.ask(*ask)
        for name, side in self._sides.items():
            asks = self.asks[name]
            side.offer(ctx, lambda asks=asks: asks.popleft() if asks else None)
        for name in ("r", "b"):
            ready = self.takes[name] and self.rng.random() < self.flow
            ctx.set(getattr(self.bus, name).ready, ready)
        for side in self._sides.values():
            side.taken(ctx)
        if self._shown["r"].look(ctx):
            self._read(ctx)
        if self._shown["b"].look(ctx):
            burst, answer = self.writes.popleft(), self.bus.b.p
            assert ctx.get(answer.id) == burst.id and ctx.get(answer.resp) == burst.resp
            self.beats_written += burst.beats
        self.cycles += 1
        await ctx.tick()

    def _read(self, ctx: Any) -> None:
        assert self.reads, "a beat must be asked for"
        burst, beat = self.reads[0], self.bus.r.p
        address = burst.address + burst.done
        burst.done += 1
        last = burst.done == burst.beats
        assert (ctx.get(beat.id), ctx.get(beat.resp)) == (burst.id, burst.resp)
        assert ctx.get(beat.last) == last
        if burst.resp == OKAY:
            data = ctx.get(beat.data)
            assert self.content.setdefault(address, data) == data, f"beat {address:#x}"
        if last:
            self.reads.popleft()
        self.beats_read += 1

    async def reset(self, ctx: Any, cycles: int) -> None:
        """Resets both domains in the middle of whatever is under way."""
        self.content.clear()  # what was written may not have reached the chip
        self.reads.clear()
        self.writes.clear()
        for side in self._sides.values():
            side.drop(ctx)
        for asks in self.asks.values():
            asks.clear()
        self._shown = {x: Shown(x.upper(), getattr(self.bus, x)) for x in ("r", "b")}
        ctx.set(self.reset_of_both, 1)
        for _ in range(cycles):
            await ctx.tick()
        ctx.set(self.reset_of_both, 0)

    async def until(self, ctx: Any, done: Callable[[], bool], limit: int = 20_000) -> None:
        for _ in range(limit):
            if done():
                return
            await self.cycle(ctx)
        raise AssertionError(f"no end after {limit} cycles")

    async def finish(self, ctx: Any) -> None:
        """Asks for no more, and waits for the answers."""
        self._more = nothing
        await self.until(ctx, lambda: not self.busy)


def nothing(master: Master) -> None:
    return None


def run_controller(
    play: Callable[[Any, Master], Awaitable[None]],
    *,
    seed: int = 0,
    more: Callable[[Master], tuple[bool, Burst] | None] = nothing,
    flow: float = 1.0,
    clocks: tuple[float, float] = (55.0, 110.0),
    read_delay: int = 1,
    part: SdramPart = PART,
) -> SdramChip:
    """Plays a master against a controller with a chip; ``clocks``: MHz of ``sync``, ``sdram``."""
    sync, sdram = clocks
    dut = SdramController(part=part, clock_mhz=sdram, read_delay=read_delay)
    chip = SdramChip(part, sdram)
    master = Master(dut, chip, seed, more, flow=flow)

    async def bench(ctx: Any) -> None:
        await play(ctx, master)
        await ctx.tick().repeat(100)  # writes that were answered are under way to the chip

    top = Module()
    top.submodules.dut = dut
    for name in ("sync", "sdram"):
        domain = ClockDomain(name)
        top.domains += domain
        top.d.comb += domain.rst.eq(master.reset_of_both)
    simulator = Simulator(top)
    simulator.add_clock(1e-6 / sync)
    simulator.add_clock(1e-6 / sdram, domain="sdram")
    simulator.add_testbench(bench)
    simulator.add_testbench(sdram_bench(chip, dut.pins, late=read_delay - 1), background=True)
    simulator.run()
    return chip
