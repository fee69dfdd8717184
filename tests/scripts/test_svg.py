# SPDX-License-Identifier: Apache-2.0
"""scripts/svg.py: places, colors, and files that are written or only compared."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts import svg
from scripts.svg import FILL, LINE, Plot, mixed, text

PLOT = Plot(x=10, y=20, width=100, height=50, right=4, top=2)


def test_points_of_a_plot() -> None:
    assert PLOT.at(0, 0) == (10, 70)
    assert PLOT.at(4, 2) == (110, 20)
    assert 'points="10,70 35,57.5 110,20"' in PLOT.line([(0, 0), (1, 0.5), (4, 2)])


def test_colors_between() -> None:
    assert (mixed(0), mixed(1)) == (FILL, LINE)
    assert mixed(0.5) == "#a2b8d0"


def test_a_figure_is_xml_whatever_the_words() -> None:
    drawn = svg.svg(20, 10, [text(1.04, 2.96, "a < b & c", anchor="end", size=11)])
    (words,) = ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
    assert words.text == "a < b & c"
    assert (words.get("x"), words.get("y"), words.get("font-size")) == ("1", "3", "11")


def test_files_are_written_or_only_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(svg, "ROOT", tmp_path)
    monkeypatch.setattr(svg, "FIGURES", tmp_path / "figures")
    for arguments, code, written in (
        (["--check"], 1, ""),
        ([], 0, "wrote figures/a.svg\n"),
        ([], 0, ""),
        (["--check"], 0, ""),
    ):
        monkeypatch.setattr(sys, "argv", ["draw.py", *arguments])
        assert svg.main(lambda: {"a.svg": "drawn"}, "Draws.") == code
        assert capsys.readouterr().out == written
    assert (tmp_path / "figures" / "a.svg").read_text() == "drawn"
