# SPDX-License-Identifier: Apache-2.0
"""The profile on the page: the sentence, a bar for each kernel, predicted beside measured."""

from streamhw.report.bottleneck import bottleneck
from streamhw.report.facts import Facts
from streamhw.report.html.page import page
from streamhw.report.html.profile import profile as section_of
from streamhw.report.summary import Summary
from tests.report.html.elements import read
from tests.report.profiles import kernel, profile


def test_bars_are_the_shares() -> None:
    made = profile(kernel("engine", 600, memory=100), kernel("norm", 80))
    found = read(section_of(made))
    words = " ".join(found.text)
    assert bottleneck(made).says in words and "60.0%" in words and "m_axi_b" in words
    bars = [a for name, a in found.seen if name == "rect" and str(a["class"]).startswith("fill")]
    widths = [float(bar["width"] or 0) for bar in bars]
    assert widths == [156, 26, 78, 20.8, 239.2]
    spans = [a for name, a in found.seen if name == "rect" and a["class"] in ("take", "give")]
    assert len(spans) == 4


def test_the_page_has_it_if_there_is_one(facts: Facts, summary: Summary) -> None:
    with_one = page(facts, summary, None, profiled=profile())
    anchors = {a["id"] for name, a in read(with_one).seen if name == "section"}
    assert "profile" in anchors
    without = {a["id"] for name, a in read(page(facts, summary, None)).seen if name == "section"}
    assert anchors - without == {"profile"}
