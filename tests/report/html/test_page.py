# SPDX-License-Identifier: Apache-2.0
"""One well-formed page that needs nothing else."""

import re
from dataclasses import replace
from html import escape

from streamhw.report.bottleneck import bottleneck
from streamhw.report.facts import Facts
from streamhw.report.html.page import page
from streamhw.report.measured import Measured
from streamhw.report.predicted_bound import predicted_bound
from streamhw.report.summary import Summary
from tests.report.html.elements import read
from tests.report.profiles import profile


def test_the_page_is_whole(facts: Facts, summary: Summary, measured: Measured) -> None:
    text = page(facts, summary, measured)
    checker = read(text)
    anchors = [a["id"] for name, a in checker.seen if name == "section"]
    links = [a["href"] for name, a in checker.seen if name == "a"]
    assert links == [f"#{anchor}" for anchor in anchors]
    assert len(anchors) == len(set(anchors)) >= 6
    opened = {a["data-open"] for _, a in checker.seen if "data-open" in a}
    told = [a["data-about"] for name, a in checker.seen if name == "template"]
    assert opened <= set(told) and len(told) == len(set(told))
    assert {f"edge {s.name}" for s in facts.streams} <= set(told)
    assert {f"part {part.name}" for part in facts.parts} <= set(told)
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
    assert len(text) < 600_000 and text.isascii()


def test_names_of_users_are_escaped(facts: Facts, summary: Summary) -> None:
    odd = "<script>\"'&\N{SNOWMAN}</script>"
    text = page(replace(facts, model=odd, weights=odd), summary, None)
    assert text.count("<script>") == 1 and text.isascii()
    assert odd in " ".join(read(text).text)


def test_the_same_bytes_for_the_same_build(facts: Facts, summary: Summary) -> None:
    assert page(facts, summary, None) == page(facts, summary, None)


def test_what_bounds_a_step_is_on_top(facts: Facts, summary: Summary) -> None:
    predicted, _ = predicted_bound(facts.layer, facts.position)
    for profiled, says in ((None, predicted), (profile(), bottleneck(profile()).says)):
        text = page(facts, summary, None, profiled=profiled)
        assert escape(says) in text.split("<nav")[0]


def test_numbers_are_finite(facts: Facts, summary: Summary, measured: Measured) -> None:
    text = page(facts, summary, measured)
    svg = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert len(svg) > 10_000
    assert not re.search(r'"[^"]*(nan|inf)\b[^"]*"', re.sub(r'data-tip="[^"]*"', "", svg))
