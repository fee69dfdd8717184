# SPDX-License-Identifier: Apache-2.0
"""Floors and energies are their formulas; published figures are consistent with themselves."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.report.bench import BENCH_FILE, Bench, BenchPoint, Context
from streamhw.report.bench_tables import notes, rows_of
from streamhw.report.energy import MODELS, Energy, UnitActivity, energy_of
from streamhw.report.idle_cycles import LayerCycles
from streamhw.report.published import GPT2_MEDIUM, PUBLISHED, Shape, published
from streamhw.report.roofline import Roofline, roofline_of, shape_of, work_of

MEDIUM = load("gpt2-medium").graph
U55C = load_board("u55c")
LAYER_CYCLES = LayerCycles(interval=4.0, engine=3.0, memory=2.0)
LAYER = 4 * 1024 * 1024 + 2 * 1024 * 4096
HBM = Roofline(work=work_of(MEDIUM, QuantConfig()), bandwidth=460e9, rate=9024 * 2 * 250e6)


def bench(**changes: object) -> Bench:
    made = Bench(
        key="1",
        model="gpt2-medium",
        weights="seeded random",
        shape=shape_of(MEDIUM),
        board="u55c",
        part=U55C.part,
        clock_mhz=250.0,
        quantization="W4A8",
        roofline=HBM,
        products_a_dsp=2,
        cells=Cells(luts=400_000, ffs=700_000, dsps=8_200, block_ram=600, ultra_ram=300),
    )
    return replace(made, **changes)


def test_shapes_are_those_of_papers() -> None:
    assert shape_of(MEDIUM) == GPT2_MEDIUM
    assert shape_of(load("qwen2.5-0.5b").graph) == Shape(24, 896, 4864, 14, 2)
    assert shape_of(load("tinyllama-1.1b").graph) == Shape(22, 2048, 5632, 32, 4)
    assert str(shape_of(load("gemma3-1b").graph)) == "26/1152/6912/4/1"


def test_work_of_a_token() -> None:
    work = work_of(MEDIUM, QuantConfig(head_bits=8))
    assert (work.body, work.head) == (24 * LAYER, 50_257 * 1024)
    assert work.weight_bytes == 24 * LAYER / 2 + 50_257 * 1024
    assert work.cache_bytes == 2 * 24 * 1024 and work.pair == 2 * 24 * 1024
    assert work.products(3, 10) == 3 * work.body + work.head + (11 + 12 + 13) * work.pair
    narrow = work_of(load("qwen2.5-0.5b").graph, QuantConfig())
    assert narrow.cache_bytes == 2 * 24 * 2 * 64 and narrow.pair == 2 * 24 * 14 * 64


def test_floor_of_the_large_card() -> None:
    """The figures that one gets by hand: 0.384 ms a token, 2.16 ms for a prompt of 32."""
    assert 1e3 * HBM.step(1, 0) == pytest.approx(0.384, abs=5e-4)
    assert 1e3 * HBM.step(1, 1000) == pytest.approx(0.384 + 0.107, abs=1e-3)
    assert 1e3 * HBM.step(32, 0) == pytest.approx(2.16, abs=0.01)
    first, later = HBM.answer(32, 32)
    assert len(later) == 31 and 1e3 * (first + sum(later)) == pytest.approx(14, abs=0.4)


def test_roof_of_a_board() -> None:
    roofline = roofline_of(MEDIUM, QuantConfig(), U55C)
    assert roofline.bandwidth == pytest.approx(len(U55C.ports) * 14.375e9, rel=1e-3)
    assert roofline.rate == U55C.budget.dsps * 2 * 250e6


def test_published_totals_follow_from_their_parts() -> None:
    for figures in PUBLISHED.values():
        for figure in figures:
            if figure.total_ms is not None and figure.system.name != "CODO":
                assert figure.first_ms is not None and figure.answer is not None
                parts = figure.first_ms + figure.answer * figure.token_ms
                assert figure.total_ms == pytest.approx(parts, rel=2e-3), figure
    names = [f.system.name for f in published(GPT2_MEDIUM, 32, 32)]
    assert names == ["CODO", "StreamTensor", "Allo", "DFX", "A100", "2080 Ti", "LoopLynx"]
    assert [f.system.name for f in published(GPT2_MEDIUM, 32, 33)] == ["LoopLynx"]
    assert published(Shape(1, 2, 3, 4, 5), 32, 32) == []


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


def test_rows_say_what_they_are() -> None:
    predicted = (500_000.0,) + (100_000.0,) * 31
    point = BenchPoint(prompt=32, answer=32, predicted=predicted, memory="hbm2", sustained=0.925)
    made = bench().merged([point], ())
    rows = {row[0]: row for row in rows_of(made, point)}
    assert rows["CODO"][2:] == ("20.40", "4.32", "231", "158.6", "published")
    assert rows["LoopLynx"][3] == "6.59" and rows["LoopLynx"][2] == ""
    assert rows["this design"][2:] == ("2.000", "0.400", "2,500", "14.40", "predicted, memory hbm2")
    assert rows["times faster"][2:] == ("4.4 x", "10.8 x", "", "11.0 x", rows["times faster"][6])
    text = "\n".join(notes(made))
    assert "memory hbm2 gives long reads 92.5% of the bandwidth" in text
    assert "assumption" in text and "10.1145/3725843.3762817" in text and "no head" in text


def test_energy_is_its_formula() -> None:
    model = MODELS[U55C.part]
    activity = UnitActivity(memory_bytes=1e6, products=2e6, products_a_dsp=2, cycles=1e5)
    energy = energy_of(model, activity, Cells(luts=1000, ffs=2000, block_ram=10, ultra_ram=4), 250)
    assert energy == Energy(
        memory=pytest.approx(8e6 * 7e-12),
        multipliers=pytest.approx(1e6 * 4e-12),
        rams=pytest.approx((10 * 7 + 4 * 14) * 0.5 * 1e5 * 1e-12),
        logic=pytest.approx((1000 * 0.0125 + 2000 * 0.01) * 1e5 * 1e-12),
        static=pytest.approx(15 * 1e5 / 250e6),
    )
    assert energy.total == pytest.approx(sum(getattr(energy, f.name) for f in fields(energy)))
    assert all(c.source and c.unit for c in vars(model).values())


def test_energy_of_an_answer() -> None:
    point = BenchPoint(
        prompt=32, answer=32, predicted=(500_000.0,) + (100_000.0,) * 31, moved=33 * 180e6
    )
    energy = bench().energy(point)
    assert energy is not None
    # Far below the card's design power of 150 W, above what it draws at rest.
    assert 15 < energy.total / 14.4e-3 < 100
    assert bench(part="none").energy(point) is None
