# SPDX-License-Identifier: Apache-2.0
"""Counters beside Python's: what counts when, what a start clears, and how they wrap."""

from random import Random
from typing import Any

import pytest

from streamhw.stream.axi.event_counters import EventCounters
from streamhw.stream.axi.register_map import COUNTER_BITS, counters
from tests.clocked import run_clocked


@pytest.mark.parametrize(("ports", "seed"), [(1, 0), (3, 1)])
def test_against_sums(ports: int, seed: int) -> None:
    dut = EventCounters(ports=ports)

    async def bench(ctx: Any) -> None:
        rng, expected = Random(seed), [0] * counters(ports)
        for _ in range(400):
            start, busy = rng.random() < 0.02, rng.random() < 0.7
            handshake, reads, writes = (rng.getrandbits(bits) for bits in (2, ports, ports))
            number = rng.randrange(len(expected))
            for name, value in {
                "start": start,
                "busy": busy,
                "handshake": handshake,
                "reads": reads,
                "writes": writes,
                "number": number,
            }.items():
                ctx.set(getattr(dut, name), value)
            shown = expected[number]
            for at, state in enumerate((3, 1, 2)):  # both, valid alone, ready alone
                expected[at] = 0 if start else expected[at] + (busy and handshake == state)
            for port in range(ports):
                expected[3 + 2 * port] += reads >> port & 1
                expected[4 + 2 * port] += writes >> port & 1
            await ctx.tick()
            assert ctx.get(dut.value) == shown
        assert min(expected[3:]) > 100

    run_clocked(dut, bench)


def test_no_port() -> None:
    with pytest.raises(ValueError, match=r"^EventCounters ports must be at least 1, not 0$"):
        EventCounters(ports=0)


def test_bits_for_an_hour() -> None:
    assert 1 << COUNTER_BITS > 3600 * 300e6
