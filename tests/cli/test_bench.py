# SPDX-License-Identifier: Apache-2.0
"""``bench`` on a tiny model: points are predicted, simulated, kept, shown by ``report``."""

from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.report.bench import Bench
from tests.tiny import write_tiny

CHOICES = ("--quant", "w8a8", "--multipliers", "32")


def test_bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = [str(write_tiny(tmp_path / "tiny")), *CHOICES]
    assert main(["bench", *model, "--in", "3", "--out", "4", "--simulate"]) == 0
    shown = capsys.readouterr().out
    assert (
        "simulated, memory ideal (model" in shown
        and "4 simulated tokens equal the integer reference" in shown
    )
    folder = tmp_path / "build" / "tiny-sim"
    first = Bench.load(folder)
    assert first is not None and len(first.points[0].simulated) == 4
    assert first.points[0].seconds > 0 and "a second" in shown
    assert abs(first.points[0].error or 1) < 0.15  # a tiny model is mostly latency
    more = ["--in", "3,9", "--out", "4", "--at", "20"]
    assert main(["bench", *model, *more, "--predict"]) == 0
    shown = capsys.readouterr().out
    assert "Reusing the build" in shown and "one token at a context" in shown
    second = Bench.load(folder)
    assert second is not None and [p.how for p in second.points] == [
        "simulated, memory ideal",
        "predicted, memory ideal",
    ]
    assert second.points[0].simulated == first.points[0].simulated
    short = ["--in", "3", "--out", "4", "--simulate", "--threads", "2"]
    assert main(["bench", *model, *short]) == 0
    third = Bench.load(folder)
    assert third is not None and third.points[0].simulated == first.points[0].simulated
    assert third.points[0].seconds != first.points[0].seconds  # it did run again
    assert main(["report", str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert "4 tokens after 9" in page and "of the roofline" in page


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (["--in", "3,4,5", "--out", "1,2"], "Lengths of prompts and answers must pair, not 3 with"),
        (["--in", "30", "--out", "3"], "must have at most 32 tokens together"),
        (["--at", "31"], "Positions of --at must be 1 to 30, not 31"),
    ],
)
def test_lengths_that_do_not_fit(
    wrong: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    model = [str(write_tiny(tmp_path / "tiny")), *CHOICES]
    lengths = wrong if "--in" in wrong else ["--in", "2", "--out", "2", *wrong]
    assert main(["bench", *model, *lengths]) == 2
    assert says in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["bench", *model, "--in", "3,x"])
    assert "lengths must be numbers such as 32,64, not '3,x'" in capsys.readouterr().err
