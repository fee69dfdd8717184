# SPDX-License-Identifier: Apache-2.0
"""Tables of a bench: each row says who, how, and what it leaves out."""

from dataclasses import replace

from rich.console import Console

from streamhw.report.bench import BenchPoint, Context
from streamhw.report.bench_tables import bench_view, notes, rows_of
from streamhw.report.idle_cycles import LayerCycles
from tests.report.benches import POINT, bench


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


def test_the_whole_view() -> None:
    simulated = replace(POINT, answer=2, predicted=(9.0, 4.0), simulated=(10, 5), compared=2)
    layer = LayerCycles(interval=40.0, engine=30.0, memory=20.0)
    made = bench().merged([POINT, simulated], [Context(length=99, cycles=1e5, layer=layer)])
    console = Console(width=200)
    with console.capture() as shown:
        console.print(bench_view(made))
    text = shown.get()
    assert "gpt2-medium [32:2]" in text and "gpt2-medium [32:32]" in text
    assert "2 simulated tokens equal the integer reference" in text and "-13.3%" in text
    assert "one token at a context, predicted" in text and "25.0%" in text  # of a layer, idle
    assert "millijoule a token" in text and "(TDP)" in text
