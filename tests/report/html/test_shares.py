# SPDX-License-Identifier: Apache-2.0
"""Bars of shares: as long as they should be, with the shares in words."""

from streamhw.report.html.shares import Share, bar, shares
from tests.report.html.elements import read

PARTS = [Share("one", 1, "fill-blue"), Share("none", 0, "fill-red"), Share("rest", 3, "fill-none")]


def test_parts_fill_the_bar() -> None:
    found = read(bar(PARTS, 200.0))
    drawn = [(a["x"], a["width"], a["class"]) for name, a in found.seen if name == "rect"]
    assert drawn == [("0", "50", "fill-blue"), ("50", "150", "fill-none")]
    assert found.seen[0][1]["aria-label"] == "one 25.0%, none 0.0%, rest 75.0%"


def test_words_below() -> None:
    words = "".join(read(shares(PARTS)).text)
    assert "one 25.0%" in words and "none 0.0%" in words
    assert "0.0%" in "".join(read(shares([Share("x", 0, "fill-red")])).text)
