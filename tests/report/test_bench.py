# SPDX-License-Identifier: Apache-2.0
"""Points of a bench: merged, kept in a file, turned into energy."""

from pathlib import Path

import pytest

from streamhw.errors import UserError
from streamhw.report.bench import BENCH_FILE, Bench, BenchPoint, Context
from streamhw.report.idle_cycles import LayerCycles
from tests.report.benches import bench

LAYER_CYCLES = LayerCycles(interval=4.0, engine=3.0, memory=2.0)


def test_points_keep_what_was_simulated() -> None:
    simulated = BenchPoint(
        prompt=2, answer=3, predicted=(8.0, 4, 4), simulated=(10, 5, 5), compared=3
    )
    first = bench().merged([simulated], [Context(length=9, cycles=7.0, layer=LAYER_CYCLES)])
    again = first.merged([BenchPoint(prompt=2, answer=3, predicted=(9.0, 5, 5))], ())
    (point,) = again.points
    assert point.how == "simulated" and point.error == pytest.approx(-0.05)
    assert (point.first, point.token, point.total) == (10, 5, 20)
    both = again.merged([BenchPoint(prompt=1, answer=1, predicted=(4.0,))], ())
    assert [p.prompt for p in both.points] == [1, 2] and both.points[0].token == 0
    assert len(both.contexts) == 1
    other = first.merged([BenchPoint(prompt=2, answer=3, predicted=(9.0, 5, 5), memory="hbm2")], ())
    assert other.points == (simulated,)  # a prediction for another memory says nothing of it


def test_files(tmp_path: Path) -> None:
    made = bench().merged([BenchPoint(prompt=2, answer=2, predicted=(8.0, 4.5))], ())
    assert Bench.load(tmp_path) is None
    (tmp_path / BENCH_FILE).write_text(made.to_json())
    assert Bench.load(tmp_path) == made
    (tmp_path / BENCH_FILE).write_text("{}")
    with pytest.raises(UserError, match="must be what `bench` wrote"):
        Bench.load(tmp_path)


def test_energy_of_an_answer() -> None:
    point = BenchPoint(
        prompt=32, answer=32, predicted=(500_000.0,) + (100_000.0,) * 31, moved=33 * 180e6
    )
    energy = bench().energy(point)
    assert energy is not None
    # Far below the card's design power of 150 W, above what it draws at rest.
    assert 15 < energy.total / 14.4e-3 < 100
    assert bench(part="none").energy(point) is None
