# SPDX-License-Identifier: Apache-2.0
"""Distributor: beats reach the outputs in the order that the program states."""

import random

import pytest

from streamhw.stream.static_demux import Repeat, Segment, StaticDemux
from streamhw.testing import PATTERNS, run_streams

PROGRAMS = (
    (
        Repeat(2, (Segment(0, 1), Segment(2, 3))),
        Repeat(1, (Segment(1, 1),)),
        Repeat(3, (Segment(0, 1),)),
    ),
    (Repeat(1, (Segment(1, 4),)),),
    (Repeat(4, (Segment(2, 1), Segment(0, 1), Segment(2, 2))),),
)


def routed(programs, order):
    """Outputs of the running beats 0, 1, ... when the programs of ``order`` run."""
    result = {}
    at = 0
    for index in order:
        for repeat in programs[index]:
            for _ in range(repeat.count):
                for segment in repeat.segments:
                    result.setdefault(f"o_{segment.output}", []).extend(
                        n % 256 for n in range(at, at + segment.beats)
                    )
                    at += segment.beats
    return at, result


def run(programs, order, **stalls):
    total, expected = routed(programs, order)
    dut = StaticDemux(width=8, programs=programs)
    got = run_streams(
        dut,
        inputs={"i": [n % 256 for n in range(total + 3)], "i_program": order},
        outputs={name: len(beats) for name, beats in expected.items()},
        **stalls,
    )
    assert {name: got.beats[name] for name in expected} == expected
    return got, total


@pytest.mark.parametrize("pattern", PATTERNS)
def test_order_under_stalls(pattern):
    rng = random.Random(3)
    order = [rng.randrange(3) for _ in range(8)]
    run(PROGRAMS, order, source=pattern, sink="often")
    run(PROGRAMS, order, source="often", sink=pattern)
    run(PROGRAMS, order, source={"i_program": pattern}, sink={"o_2": pattern})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_padding_is_dropped(pattern):
    """What the programs give to the output behind the last one reaches nobody."""
    order = [0, 2, 1, 0]
    total, expected = routed(PROGRAMS, order)
    dut = StaticDemux(width=8, programs=PROGRAMS, outputs=2)
    got = run_streams(
        dut,
        inputs={"i": [n % 256 for n in range(total + 3)], "i_program": order},
        outputs={name: len(expected[name]) for name in ("o_0", "o_1")},
        source=pattern,
        sink="often",
    )
    assert {name: got.beats[name] for name in ("o_0", "o_1")} == {
        name: expected[name] for name in ("o_0", "o_1")
    }
    with pytest.raises(ValueError, match=r"^StaticDemux output must be at most 1, not 2$"):
        StaticDemux(width=8, programs=PROGRAMS, outputs=1)


def test_full_rate_across_activations():
    got, total = run(PROGRAMS, [0, 1, 2, 0])
    cycles = sorted(c for n in range(3) for c in got.cycles[f"o_{n}"])
    assert cycles == [cycles[0] + n for n in range(total)]
    assert cycles[0] == got.cycles["i"][0] + 1 == 3


def test_reset():
    run(PROGRAMS, [0, 2, 1], reset_at=9, sink="often")


def test_one_output_one_program():
    run(((Repeat(1, (Segment(0, 1),)),),), [0] * 12, source="often")


def test_errors():
    with pytest.raises(ValueError, match=r"^StaticDemux must have at least 1 program, not 0$"):
        StaticDemux(width=8, programs=())
    with pytest.raises(ValueError, match=r"^StaticDemux program 1 must have segments, not \(\)$"):
        StaticDemux(width=8, programs=(PROGRAMS[1], ()))
    with pytest.raises(ValueError, match=r"^StaticDemux counts must be at least 1 and outputs"):
        StaticDemux(width=8, programs=((Repeat(1, (Segment(0, 0),)),),))
