# SPDX-License-Identifier: Apache-2.0
"""A queue between clocks: order, capacity and rate for any relation of the two."""

from random import Random
from typing import Any

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from streamhw.stream.clock_crossing import ClockCrossing

WIDTH = 12
LIMIT = 5_000
"""Cycles after which a bench ends."""
PERIODS = [(1.0, 1.0), (2.0, 1.0), (1.0, 2.0), (1.0, 0.37), (1.0, 3.1), (1.0, 0.999)]


def bench(
    *, depth: int, periods: tuple[float, float], words: int, shares: tuple[float, float], seed: int
) -> tuple[list[int], int, int]:
    """What came out, the most words that were inside, and cycles of the sink."""
    unit = ClockCrossing(width=WIDTH, depth=depth, source="a", sink="b")
    top = Module()
    top.domains += [ClockDomain("a"), ClockDomain("b")]
    top.submodules.unit = unit
    simulator = Simulator(top)
    rng = Random(seed)
    for domain, period in zip("ab", periods, strict=True):
        simulator.add_clock(period * 1e-6, domain=domain, phase=period * 1e-6 * rng.random())
    out: list[int] = []
    inside = most = cycles = 0

    async def put(ctx: Any) -> None:
        nonlocal inside, most
        number = 0
        for _ in range(LIMIT):
            valid = number < words and rng.random() < shares[0]
            ctx.set(unit.i.valid, valid)
            ctx.set(unit.i.payload, number % (1 << WIDTH))
            *_, ready = await ctx.tick("a").sample(unit.i.ready)
            if valid and ready:
                number, inside = number + 1, inside + 1
                most = max(most, inside)

    async def take(ctx: Any) -> None:
        nonlocal inside, cycles
        shown: int | None = None
        while len(out) < words and cycles < LIMIT:
            ready = rng.random() < shares[1]
            ctx.set(unit.o.ready, ready)
            *_, valid, payload = await ctx.tick("b").sample(unit.o.valid, unit.o.payload)
            cycles += 1
            assert shown is None or (valid and payload == shown), "a word that was shown changed"
            shown = payload if valid and not ready else None
            if valid and ready:
                out.append(payload)
                inside -= 1

    simulator.add_testbench(put, background=True)
    simulator.add_testbench(take)
    simulator.run()
    return out, most, cycles


@pytest.mark.parametrize("periods", PERIODS)
@pytest.mark.parametrize("depth", [4, 8, 16])
@pytest.mark.parametrize("shares", [(1.0, 1.0), (0.4, 1.0), (1.0, 0.3), (0.5, 0.5)])
def test_words_come_in_their_order(
    periods: tuple[float, float], depth: int, shares: tuple[float, float]
) -> None:
    out, most, _ = bench(depth=depth, periods=periods, words=100, shares=shares, seed=depth)
    assert out == list(range(100))
    assert most <= depth + 1


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("periods", PERIODS)
def test_the_slower_clock_passes_a_word_a_cycle(depth: int, periods: tuple[float, float]) -> None:
    _, _, cycles = bench(depth=depth, periods=periods, words=200, shares=(1.0, 1.0), seed=1)
    slower = 200 * max(1.0, periods[0] / periods[1])
    assert cycles <= slower + 8 * max(1.0, periods[0] / periods[1])


def test_it_holds_its_depth_and_one_more() -> None:
    _, most, _ = bench(depth=8, periods=(1.0, 1.0), words=50, shares=(1.0, 0.05), seed=3)
    assert most == 9


@pytest.mark.parametrize("depth", [0, 2, 5, 32])
def test_depths_that_cannot_be(depth: int) -> None:
    with pytest.raises(ValueError, match=f"depth must be 4, 8 or 16, not {depth}"):
        ClockCrossing(width=8, depth=depth, source="a", sink="b")


def test_a_word_has_bits() -> None:
    with pytest.raises(ValueError, match="width must be at least 1, not 0"):
        ClockCrossing(width=0, depth=4, source="a", sink="b")
