# SPDX-License-Identifier: Apache-2.0
"""Elements: escaped text, attributes, tables of numbers."""

from streamhw.report.html.markup import join, number, opener, percent, section, table, tag
from tests.report.html.elements import read


def test_text_is_escaped() -> None:
    found = tag("a", "<b>&", tag("i", 1234), None, href='"x"', cls="c", data_tip="a\nb", id=None)
    assert (
        found == '<a href="&quot;x&quot;" class="c" data-tip="a\nb">&lt;b&gt;&amp;<i>1,234</i></a>'
    )


def test_tables_tell_numbers_from_text() -> None:
    text = table(("name", "bits#"), [["a", 1234], ["b", None]], foot=("all", 1234))
    found = read(text)
    assert [a.get("class") for name, a in found.seen if name in ("th", "td")] == [None, "num"] * 4
    assert "1,234" in found.text and "bits" in found.text and "bits#" not in found.text


def test_headings_are_buttons() -> None:
    found = read(table(("name", ""), [["a", 1]]))
    assert [a for name, a in found.seen if name == "button"] == [{"type": "button"}]
    assert [a["scope"] for name, a in found.seen if name == "th"] == ["col", "col"]


def test_an_opener_may_break_behind_underscores() -> None:
    text = opener("edge", "a_b<c")
    assert text.endswith(">a_<wbr>b&lt;c</button>") and 'data-open="edge a_b&lt;c"' in text


def test_small_parts() -> None:
    assert (number(3.0), number(2.25), number(0.04)) == ("3", "2.2", "0")
    assert (percent(1, 8), percent(1, 0)) == ("12.5 %", "\N{EN DASH}")
    assert join(["<", tag("br")], ", ") == "&lt;, <br/>"
    assert read(section("here", "Title", "Says.", tag("p"))).seen[0] == ("section", {"id": "here"})
