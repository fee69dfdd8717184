# SPDX-License-Identifier: Apache-2.0
"""scripts/draw_roofline.py: the committed figure is what it draws."""

from pathlib import Path
from xml.etree import ElementTree

from scripts import draw_roofline

FIGURES = Path(__file__).parents[2] / "docs" / "figures"


def test_figure_is_current() -> None:
    drawn = draw_roofline.figures()["roofline.svg"]
    assert (FIGURES / "roofline.svg").read_text() == drawn, "run python scripts/draw_roofline.py"


def test_marks_are_the_times_of_one_token_and_of_the_most() -> None:
    drawn = ElementTree.fromstring(draw_roofline.figures()["roofline.svg"])
    words = [e.text for e in drawn.iter() if e.text]
    assert {"0.38", "0.07"} < set(words)  # docs/roofline.md: 0.384 ms for one token
