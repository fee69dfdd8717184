# SPDX-License-Identifier: Apache-2.0
"""scripts/paper_decode.py: a token that is too slow and a prediction that is off are misses."""

from pathlib import Path
from runpy import run_path

import pytest

from streamhw.report.bench import BenchPoint
from tests.report.benches import bench

SCRIPT = run_path(str(Path(__file__).parents[2] / "scripts" / "paper_decode.py"))


@pytest.mark.parametrize(
    ("off", "within"), [(1.0, True), (0.96, True), (1.04, True), (0.94, False)]
)
def test_a_prediction_may_be_off_by_five_percent(off: float, within: bool) -> None:
    point = BenchPoint(
        prompt=16, answer=2, predicted=(1000 * off, 100 * off), simulated=(1000, 100), compared=2
    )
    line, held = SCRIPT["simulated"](point)
    assert held is within
    assert f"off by {off - 1:+.1%}" in line and "1,100 cycles" in line


@pytest.mark.parametrize(("times", "within"), [(1.0, True), (1.29, True), (1.31, False)])
def test_a_token_may_take_little_more_than_its_floor(times: float, within: bool) -> None:
    whole = bench()
    point = BenchPoint(prompt=16, answer=2, predicted=(1000.0, 0.0), moved=1e6)
    cycles = times * whole.floor(point)[1] * whole.clock_mhz * 1e3
    line, held = SCRIPT["predicted"](
        whole, BenchPoint(**{**vars(point), "predicted": (1e3, cycles)})
    )
    assert held is within
    assert f"{times:.2f} times the floor" in line
