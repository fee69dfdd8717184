# SPDX-License-Identifier: Apache-2.0
"""The queue of parameters: enough that no product waits, and less makes one wait."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from math import inf

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.fifo import READ, size_fifos
from streamhw.compiler.ir.levels import Netlist
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.performance.memory_supply import Use
from streamhw.compiler.sizing.prefetch_depth import capacity, parameter_queue, program_of_uses
from streamhw.compiler.sizing.stage import corners

LATENCY = 40


def random_uses(rng: random.Random) -> list[Use]:
    """Products after each other, some faster than memory, with pauses and reads of others."""
    uses, now, since = [], 100.0, 0.0
    for _ in range(rng.randint(1, 12)):
        beats = rng.randint(2, 200)
        cycles = beats * rng.choice((1, 1, 1, 1.5, 2, 4))
        others = rng.choice((0, 0, rng.randint(1, 60)))
        since = since if rng.random() < 0.8 else now - 50
        uses.append(
            Use(
                beats=beats,
                others=others,
                since=since,
                begin=now,
                end=now + cycles - 1,
                pace=cycles - 1,
            )
        )
        now += cycles + rng.choice((0, 0, 20, rng.randint(0, 400)))
    return uses


def reads(uses: Sequence[Use], rate: float, depth: float = inf) -> Iterator[tuple[float, float]]:
    """Beat by beat, as early as can be: when the first and the last beat of each use leaves."""
    taken: list[float] = []
    asked, number = -inf, count()
    for use in uses:
        step = (use.end - use.begin) / max(1, use.beats - 1)
        gap, start = (1 + use.others) / rate, len(taken)
        for beat in range(use.beats):
            n = next(number)
            free = taken[int(n - depth)] + READ if n >= depth else -inf
            asked = max(asked + gap, use.since, free, 0.0)
            gap = 1 / rate
            before = taken[-1] if taken else -inf
            pace = taken[-1] + step if beat else before
            taken.append(max(use.begin, pace, before, asked + LATENCY))
        yield taken[start], taken[-1]


@pytest.mark.parametrize("rate", [1.0, 0.8, 0.25])
def test_program_is_enough_and_no_more(rate: float) -> None:
    """Against a queue of so many places, beat by beat: of 200 random orders of products."""
    rng = random.Random(1)
    needed = 0
    for case in range(200):
        uses = random_uses(rng)
        program = program_of_uses(
            {f"product {n}": use for n, use in enumerate(uses)},
            queue="queue",
            source="dma",
            sink="parameter_demux",
            rate=rate,
            latency=LATENCY,
            bits=64,
        )
        depth = size_fifos([program]).depth["queue"]
        free = list(reads(uses, rate))

        def late(
            places: int, uses: list[Use] = uses, free: list[tuple[float, float]] = free
        ) -> float:
            ours = reads(uses, rate, places)
            return max(a[1] - b[1] for a, b in zip(ours, free, strict=True))

        assert late(depth) <= 1.5, (case, depth)
        if depth > 60:
            needed += late(depth * 3 // 4 - 2) > 1.5
        else:
            needed += 1
    print(f"{needed} of 200 queues are needed")
    assert needed >= 190


def test_as_early_as_without_bound(design: Netlist) -> None:
    """Every step of one token, anywhere in the context, at the depth of the corners."""
    estimate = Estimate.placed(design)
    ahead = design.depths.ahead

    def tokens(buffer: float) -> list[float]:
        clock, now, ends = estimate.clock(), 0.0, []
        clock.supply = replace(clock.supply, buffer=buffer)
        for position in range(design.graph.context):
            now = estimate.step(clock, position, 1, True, now)
            ends.append(now)
        return ends

    assert tokens(ahead)[-1] <= 1.001 * tokens(inf)[-1]


def test_scenarios_are_proved(design: Netlist) -> None:
    queue = parameter_queue(design)
    found = [c for c in design.depths.certificates if queue in c.depth]
    assert len(found) == len(corners(Estimate.placed(design)))
    assert (
        capacity(found[0].depth[queue], design.board, design.target.prefetch) == design.depths.ahead
    )


@pytest.mark.parametrize(
    ("board", "beats", "expected"),
    [
        ("sim", 3, 32),
        ("sim", 17, 32),
        ("sim", 18, 64),
        ("sim", 50, 128),
        ("sim", 600, 512),
        ("u55c", 400, 512),
        ("u55c", 2000, 4096),
        ("u55c", 5000, 4096),
    ],
)
def test_capacity(board: str, beats: int, expected: int) -> None:
    found = load_board(board)
    assert capacity(beats, found, found.target.prefetch) == expected
