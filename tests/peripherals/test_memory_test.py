# SPDX-License-Identifier: Apache-2.0
"""The self-test of a memory: a right one passes, and any of its faults fails."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from streamhw.peripherals.memory_test import BURST, WIDTH, MemoryTest, beat_of
from tests.clocked import run_clocked

BURSTS = 5
BYTES = BURSTS * BURST * WIDTH // 8
LIMIT = 4_000


class Memory:
    """An AXI memory of 128-bit beats that may have a fault: of what is kept, or where."""

    def __init__(
        self,
        *,
        kept: Callable[[int, int], int] = lambda index, beat: beat,
        place: Callable[[int], int] = lambda index: index,
        response: Callable[[str, int], int] = lambda direction, index: 0,
    ):
        self.beats: dict[int, int] = {}
        self.kept, self.place, self.response = kept, place, response


def run(memory: Memory, seed: int, share: float = 0.6) -> tuple[bool, bool]:
    """Whether the test said ``passed``, and ``failed``."""
    unit = MemoryTest(bytes=BYTES)
    bus, rng = unit.bus, Random(seed)

    async def bench(ctx: Any) -> None:
        writes = reads = None  # the next beat of a burst, and how many are left
        answer: int | None = None
        for _ in range(LIMIT):
            ready = {name: rng.random() < share for name in ("aw", "w", "ar")}
            shows_r = reads is not None and rng.random() < share
            shows_b = answer is not None and rng.random() < share
            for name, value in ready.items():
                ctx.set(getattr(bus, name).ready, value)
            ctx.set(bus.b.valid, shows_b)
            ctx.set(bus.b.p.resp, answer or 0)
            ctx.set(bus.r.valid, shows_r)
            if shows_r and reads is not None:
                ctx.set(bus.r.p.data, memory.beats[memory.place(reads[0])])
                ctx.set(bus.r.p.resp, memory.response("read", reads[0]))
                ctx.set(bus.r.p.last, reads[1] == 1)
            if ready["aw"] and ctx.get(bus.aw.valid):
                assert writes is None and answer is None and ctx.get(bus.aw.p.len) == BURST - 1
                writes = (ctx.get(bus.aw.p.addr) // 16, BURST)
            elif ready["w"] and ctx.get(bus.w.valid):
                assert writes is not None and ctx.get(bus.w.p.strb) == 0xFFFF
                index, left = writes
                assert ctx.get(bus.w.p.data) == beat_of(index)
                memory.beats[memory.place(index)] = memory.kept(index, beat_of(index))
                assert ctx.get(bus.w.p.last) == (left == 1)
                writes = (index + 1, left - 1) if left > 1 else None
                answer = memory.response("write", index) if left == 1 else None
            if shows_b and ctx.get(bus.b.ready):
                answer = None
            if shows_r and ctx.get(bus.r.ready) and reads is not None:
                reads = (reads[0] + 1, reads[1] - 1) if reads[1] > 1 else None
            if ready["ar"] and ctx.get(bus.ar.valid):
                assert reads is None
                reads = (ctx.get(bus.ar.p.addr) // 16, BURST)
            await ctx.tick()
            found.append((bool(ctx.get(unit.passed)), bool(ctx.get(unit.failed))))
            if any(found[-1]):
                return

    found: list[tuple[bool, bool]] = []
    run_clocked(unit, bench)
    return found[-1]


@pytest.mark.parametrize("seed", range(3))
def test_a_right_memory_passes(seed: int) -> None:
    memory = Memory()
    assert run(memory, seed) == (True, False)
    assert memory.beats == {index: beat_of(index) for index in range(BURSTS * BURST)}


@pytest.mark.parametrize("index", [0, 17, BURSTS * BURST - 1])
@pytest.mark.parametrize("bit", [0, 16, 63, 127])
def test_a_wrong_bit_fails(index: int, bit: int) -> None:
    wrong = Memory(kept=lambda at, beat: beat ^ (at == index) << bit)
    assert run(wrong, bit + index) == (False, True)


@pytest.mark.parametrize("line", [0, 3, 4, 6])
def test_an_address_line_that_does_nothing_fails(line: int) -> None:
    assert run(Memory(place=lambda index: index & ~(1 << line)), line) == (False, True)


@pytest.mark.parametrize(("direction", "index"), [("write", 15), ("write", 79), ("read", 40)])
def test_an_error_response_fails(direction: str, index: int) -> None:
    found = Memory(response=lambda way, at: 2 * (way == direction and at == index))
    assert run(found, index) == (False, True)


def test_beats_differ_and_each_bit_is_0_and_1() -> None:
    beats = [beat_of(index) for index in range(1 << 12)] + [beat_of(1 << bit) for bit in range(24)]
    assert len(set(beats)) == len(beats) - 12  # those of the lowest 12 bits are twice in the list
    both = [0, 0]
    for beat in beats:
        both = [both[0] | beat, both[1] | ~beat & (1 << WIDTH) - 1]
    assert both == [(1 << WIDTH) - 1] * 2


@pytest.mark.parametrize("size", [0, 255, 300, (1 << 28) + 256])
def test_sizes_that_cannot_be(size: int) -> None:
    with pytest.raises(ValueError, match=f"multiple of 256 up to 268,435,456, not {size}"):
        MemoryTest(bytes=size)
