# SPDX-License-Identifier: Apache-2.0
"""Write channels: each beat with its address, an answer a burst, nothing of a faulty one."""

from random import Random
from typing import Any

import pytest
from amaranth.hdl import Value

from streamhw.peripherals.sdram.write_front import ANSWERS, WriteFront
from tests.clocked import run_clocked
from tests.stream.axi.guard_bench import Shown, Side

BITS = 10
LAYOUT = WriteFront(address_bits=BITS).o.p.shape()


class Writes:
    """Bursts from a list, with random stalls; what came out."""

    def __init__(self, dut: WriteFront, bursts: list[tuple[int, int]], rng: Random, flow: float):
        self.dut, self.rng, self.flow = dut, rng, flow
        self.sides = {x: Side(getattr(dut.bus, x), rng, flow) for x in ("aw", "w")}
        self.shown = [Shown("B", dut.bus.b), Shown("o", dut.o)]
        self.asks: dict[str, list[dict[str, int]]] = {"aw": [], "w": []}
        self.expected: list[dict[str, int]] = []
        self.answers: list[tuple[int, int]] = []
        self.beats: list[dict[str, int]] = []
        self.answered: list[tuple[int, int]] = []
        self.takes = True
        for index, (address, beats) in enumerate(bursts):
            fields = {"addr": address * 16 + 3, "len": beats - 1, "size": 4, "burst": 1}
            self.asks["aw"].append(fields | {"id": index % 16})
            fine = address < 1 << BITS
            self.answers.append((index % 16, 0 if fine else 3))
            for beat in range(beats):
                word, strobe = rng.getrandbits(128), rng.getrandbits(16)
                last = beat == beats - 1
                self.asks["w"].append({"data": word, "strb": strobe, "last": last})
                if fine:
                    self.expected.append(
                        {"address": address + beat, "data": word, "strobe": strobe}
                    )

    async def cycle(self, ctx: Any) -> None:
        dut = self.dut
        for name, side in self.sides.items():
            side.offer(ctx, lambda name=name: self.asks[name].pop(0) if self.asks[name] else None)
        ctx.set(dut.bus.b.ready, self.takes and self.rng.random() < self.flow)
        ctx.set(dut.o.ready, self.rng.random() < self.flow)
        for side in self.sides.values():
            side.taken(ctx)
        if self.shown[0].look(ctx):
            self.answered.append((ctx.get(dut.bus.b.p.id), ctx.get(dut.bus.b.p.resp)))
        if self.shown[1].look(ctx):
            bits = LAYOUT.from_bits(ctx.get(Value.cast(dut.o.p)))
            self.beats.append({name: bits[name] for name, _ in LAYOUT})
        assert len(self.answered) <= len(self.answers)
        await ctx.tick()


BURSTS = [(0, 1), (7, 16), (1 << BITS, 3), (900, 1), (1 << 20, 1), (64, 2), (5, 4), (1, 1)]


@pytest.mark.parametrize("flow", [0.3, 1.0])
def test_bursts(flow: float, seed: int) -> None:
    dut = WriteFront(address_bits=BITS)

    async def bench(ctx: Any) -> None:
        writes = Writes(dut, BURSTS, Random(seed), flow)
        ctx.set(dut.awake, 1)
        for _ in range(round(120 / flow)):
            await writes.cycle(ctx)
        assert writes.beats == writes.expected and writes.answered == writes.answers

    run_clocked(dut, bench)


def test_answers_that_nobody_takes_end_it() -> None:
    """After as many bursts as answers may wait, and nothing is lost then."""
    dut = WriteFront(address_bits=BITS)

    async def bench(ctx: Any) -> None:
        writes = Writes(dut, [(index, 1) for index in range(12)], Random(0), 1.0)
        ctx.set(dut.awake, 1)
        writes.takes = False
        for _ in range(60):
            await writes.cycle(ctx)
        assert len(writes.beats) == ANSWERS
        writes.takes = True
        for _ in range(60):
            await writes.cycle(ctx)
        assert writes.beats == writes.expected and writes.answered == writes.answers

    run_clocked(dut, bench)


def test_asleep_it_takes_nothing() -> None:
    dut = WriteFront(address_bits=BITS)

    async def bench(ctx: Any) -> None:
        writes = Writes(dut, [(3, 1)], Random(0), 1.0)
        for _ in range(20):
            await writes.cycle(ctx)
            assert not ctx.get(dut.bus.aw.ready | dut.bus.w.ready)
        assert not writes.beats and not writes.answered

    run_clocked(dut, bench)
