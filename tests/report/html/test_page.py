# SPDX-License-Identifier: Apache-2.0
"""One well-formed page that needs nothing else."""

import re

from streamhw.report.facts import Facts
from streamhw.report.html.page import page
from streamhw.report.measured import Measured
from streamhw.report.summary import Summary
from streamhw.stream.spec import Role
from tests.report.html.elements import read


def test_the_page_is_whole(facts: Facts, summary: Summary, measured: Measured) -> None:
    text = page(facts, summary, measured)
    checker = read(text)
    anchors = [a["id"] for name, a in checker.seen if name == "section"]
    links = [a["href"] for name, a in checker.seen if name == "a"]
    assert links == [f"#{anchor}" for anchor in anchors]
    assert len(anchors) == len(set(anchors)) >= 6
    drawn = {a["data-edge"] for name, a in checker.seen if name == "path" and "data-edge" in a}
    valued = {
        s.name
        for s in facts.streams
        if s.value is not None and s.source_port.role is not Role.LOOP_BACK
    }
    assert drawn == valued
    words = " ".join(checker.text)
    for part in facts.parts:
        assert part.name in words, part.name
    for region in facts.regions:
        assert region.name in words
    seen = [a for name, a in checker.seen if name == "path" and a.get("class") == "seen"]
    assert len(seen) == 2
    assert f"for the token at position {facts.position}" in words
    assert "900 cycles to the first token, then 405 a token" in words
    assert "1,700 (-0.6%)" in words


def test_the_page_needs_nothing_else(facts: Facts, summary: Summary) -> None:
    text = page(facts, summary, None)
    assert not re.search(r"https?://|@import|url\((?!#)|<link|src=", text)
    assert len(text) < 300_000


def test_numbers_are_finite(facts: Facts, summary: Summary, measured: Measured) -> None:
    text = page(facts, summary, measured)
    svg = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert len(svg) > 10_000
    assert not re.search(r'"[^"]*(nan|inf)\b[^"]*"', re.sub(r'data-tip="[^"]*"', "", svg))
