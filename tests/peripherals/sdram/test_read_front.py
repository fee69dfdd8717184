# SPDX-License-Identifier: Apache-2.0
"""Read channels: as many beats asked for as there is room, and all answered in order."""

from collections import deque
from random import Random
from typing import Any

import pytest

from streamhw.peripherals.sdram.read_front import BURSTS, ReadFront
from tests.clocked import run_clocked
from tests.stream.axi.guard_bench import Shown, Side

BITS, ROOM = 10, 5


class Reads:
    """Bursts from a list, a memory that gives what was asked for, random stalls; what came out."""

    def __init__(self, dut: ReadFront, bursts: list[tuple[int, int]], rng: Random, flow: float):
        self.dut, self.rng, self.flow = dut, rng, flow
        self.ask, self.give = Side(dut.bus.ar, rng, flow), rng.random
        self.shown = [Shown("R", dut.bus.r), Shown("o", dut.o)]
        self.asks = []
        self.expected: list[tuple[int, int, int, int]] = []  # id, resp, last, data unless faulty
        self.got: list[tuple[int, int, int, int]] = []
        self.owed: deque[int] = deque()  # of memory
        self.given = self.asked = self.most = 0
        self.takes = True
        for index, (address, beats) in enumerate(bursts):
            fields = {"addr": address * 16, "len": beats - 1, "size": 4, "burst": 1}
            self.asks.append(fields | {"id": index % 16})
            fine = address < 1 << BITS
            for beat in range(beats):
                data, resp = (self.word(address + beat), 0) if fine else (0, 3)
                self.expected.append((index % 16, resp, beat == beats - 1, data))

    @staticmethod
    def word(address: int) -> int:
        return address * 0x1234567 + 1

    async def cycle(self, ctx: Any) -> None:
        dut, owed = self.dut, self.owed
        self.ask.offer(ctx, lambda: self.asks.pop(0) if self.asks else None)
        ctx.set(dut.bus.r.ready, self.takes and self.rng.random() < self.flow)
        ctx.set(dut.o.ready, self.rng.random() < self.flow)
        ctx.set(dut.i.valid, bool(owed))
        ctx.set(dut.i.p, self.word(owed[0]) if owed else 0)
        self.ask.taken(ctx)
        if owed and ctx.get(dut.i.ready):
            owed.popleft()
        if self.shown[1].look(ctx):
            owed.append(ctx.get(dut.o.p.address))
            self.asked += 1
        self.most = max(self.most, len(owed))
        if self.shown[0].look(ctx):
            beat = dut.bus.r.p
            resp = ctx.get(beat.resp)
            data = 0 if resp else ctx.get(beat.data)
            self.got.append((ctx.get(beat.id), resp, ctx.get(beat.last), data))
        await ctx.tick()


@pytest.mark.parametrize("flow", [0.3, 1.0])
def test_bursts(flow: float, seed: int) -> None:
    dut = ReadFront(address_bits=BITS, room=ROOM)
    bursts = [(0, 1), (7, 16), (1 << BITS, 3), (900, 1), (1 << 20, 1), (64, 2), (5, 4), (1, 1)]

    async def bench(ctx: Any) -> None:
        reads = Reads(dut, bursts, Random(seed), flow)
        ctx.set(dut.awake, 1)
        for _ in range(round(150 / flow)):
            await reads.cycle(ctx)
        assert reads.got == reads.expected and 0 < reads.most <= ROOM

    run_clocked(dut, bench)


def test_no_more_than_there_is_room_for() -> None:
    """A master that takes nothing: two beats are on their way to it, the others in the memory."""
    dut = ReadFront(address_bits=BITS, room=ROOM)

    async def bench(ctx: Any) -> None:
        reads = Reads(dut, [(16 * index, 1) for index in range(BURSTS + 9)], Random(0), 1.0)
        ctx.set(dut.awake, 1)
        reads.takes = False
        for _ in range(100):
            await reads.cycle(ctx)
        assert reads.asked == ROOM + 2 and len(reads.owed) == ROOM
        reads.takes = True
        for _ in range(100):
            await reads.cycle(ctx)
        assert reads.got == reads.expected

    run_clocked(dut, bench)


def test_asleep_it_takes_nothing() -> None:
    dut = ReadFront(address_bits=BITS, room=ROOM)

    async def bench(ctx: Any) -> None:
        reads = Reads(dut, [(3, 1)], Random(0), 1.0)
        for _ in range(20):
            await reads.cycle(ctx)
            assert not ctx.get(dut.bus.ar.ready)
        assert not reads.asked

    run_clocked(dut, bench)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^ReadFront room must be at least 1 beat, not 0$"):
        ReadFront(address_bits=BITS, room=0)
