# SPDX-License-Identifier: Apache-2.0
"""Registers between dies as a part of a design."""

import pytest

from streamhw.compiler.ir.infrastructure.register_slice import RegisterSliceSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import row_major
from streamhw.testing.pysim import run_streams

ROWS = row_major(Fixed(8), (2, 4), 2)


@pytest.mark.parametrize("boundaries", [1, 2])
def test_a_beat_takes_the_latency_that_it_says(boundaries: int) -> None:
    spec = RegisterSliceSpec(type=ROWS, boundaries=boundaries)
    run = run_streams(spec.create(), inputs={"i": list(range(30))}, outputs={"o": 30})
    assert run.beats["o"] == list(range(30))
    assert run.cycles["o"][0] - run.cycles["i"][0] == spec.behaviour().delay
    assert run.cycles["o"][-1] - run.cycles["o"][0] == 29


def test_more_boundaries_take_more_registers() -> None:
    one, two = (RegisterSliceSpec(type=ROWS, boundaries=n).resources() for n in (1, 2))
    assert two.ffs - one.ffs >= 2 * (16 + 2)
