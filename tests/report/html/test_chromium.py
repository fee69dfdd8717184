# SPDX-License-Identifier: Apache-2.0
"""The page in headless Chromium: nothing cut, nothing logged, all of it with keys alone."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from streamhw.reference.rounding_error import RoundingError
from streamhw.report.facts import Facts, PartKind
from streamhw.report.html.page import page
from streamhw.report.measured import Measured, StreamWaits
from streamhw.report.summary import Summary
from tests.report.benches import POINT, bench
from tests.report.html.browser import Tab, chromium, opened
from tests.report.profiles import kernel, profile

CHECKS = Path(__file__).with_name("in_page.js").read_text()
WINDOWS = [(width, dark) for width in (1000, 1440, 2000) for dark in (False, True)]
FOCUSED = "document.activeElement"

pytestmark = pytest.mark.skipif(chromium() is None, reason="needs chromium or chrome on PATH")


@pytest.fixture(scope="module")
def file(
    facts: Facts, summary: Summary, measured: Measured, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A page with every section."""
    waits = {s.name: StreamWaits(transfers=9, blocked=99, starved=999) for s in facts.streams}
    errors = [
        RoundingError(value=name, layer=layer, own=0.1 * (layer + 1), whole=0.5)
        for layer in range(2)
        for name in ("qkv", "attention_out")
    ]
    steps = profile(kernel("matmul_w8", 600, kind=PartKind.ENGINE), kernel("attention_softmax", 80))
    points = bench().merged([POINT, replace(POINT, prompt=128, answer=128)], ())
    made = replace(measured, streams=waits)
    text = page(facts, summary, made, measures=points, profiled=steps, errors=errors)
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(text)
    return file


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    program = chromium()
    assert program is not None
    with opened(program, tmp_path_factory.mktemp("chromium")) as tab:
        yield tab


def shown(browser: Tab, file: Path, *, width: int = 1440, dark: bool = False) -> Tab:
    """The page, as it is opened, with the checks of ``in_page.js``."""
    browser.show(file, width=width, dark=dark)
    browser.run(CHECKS)
    return browser


@pytest.mark.parametrize(("width", "dark"), WINDOWS)
def test_nothing_is_cut_or_faint(browser: Tab, file: Path, width: int, dark: bool) -> None:
    tab = shown(browser, file, width=width, dark=dark)
    tab.run("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    assert tab.run("checks.clipped()") == []
    assert tab.run("checks.faint()") == []
    assert tab.run("checks.smallest()") >= 11
    assert tab.run("checks.covered()") == []
    tab.click("[data-view=parts]")
    assert tab.run("checks.clipped(graph.frame)") == []
    assert tab.run("checks.covered()") == []
    assert tab.run("checks.smallest()") >= 11
    assert tab.errors == []


@pytest.mark.parametrize("dark", [False, True])
def test_no_details_are_cut_or_faint(browser: Tab, file: Path, dark: bool) -> None:
    tab = shown(browser, file, width=1000, dark=dark)
    assert tab.run("about.templates.size") > 100
    assert tab.run("checks.details()") == []
    assert tab.errors == []


def test_the_checks_find_faults(browser: Tab, file: Path) -> None:
    tab = shown(browser, file)
    tab.run("document.querySelector('h1').style.cssText = 'width: 20px; overflow: hidden'")
    assert any("h1" in fault.lower() for fault in tab.run("checks.clipped()"))
    tab.run("document.querySelector('.lead').style.color = '#ccc'")
    assert len(tab.run("checks.faint()")) == 1
    tab.run("document.querySelector('.box text').textContent = 'much longer than the box'")
    assert any("much longer" in fault for fault in tab.run("checks.clipped()"))
    tab.run("setTimeout(() => console.error('planted'))")
    tab.run("new Promise((done) => setTimeout(done, 20))")
    tab.run("1")
    assert any("planted" in fault for fault in tab.errors)
    tab.errors.clear()


def test_all_of_the_drawing_is_in_the_frame_when_it_fits(browser: Tab, file: Path) -> None:
    tab = shown(browser, file, width=1000)
    outside = """(() => {
        const frame = graph.frame.getBoundingClientRect();
        return [...graph.drawing().querySelectorAll('[data-node]')].filter((node) => {
            const box = node.getBoundingClientRect();
            return box.left < frame.left || box.right > frame.right || box.top < frame.top
                || box.bottom > frame.bottom;
        }).length;
    })()"""
    assert tab.run(outside) == 0
    for _ in range(3):
        tab.click("[data-zoom=in]")
    assert tab.run(outside) > 0
    tab.click("[data-zoom=fit]")
    assert tab.run(outside) == 0


@pytest.mark.parametrize(
    ("drawing", "selector", "title", "says"),
    [
        ("kernels", ".box[data-node=qkv]", "qkv", "multiplies"),
        ("parts", ".label[data-open='edge residual_1_i_a']", "residual_1_i_a", "depth = min"),
        ("parts", ".box.converter", None, "the peak live elements"),
    ],
)
def test_a_click_tells_everything(
    browser: Tab, file: Path, drawing: str, selector: str, title: str | None, says: str
) -> None:
    tab = shown(browser, file)
    tab.click(f"[data-view={drawing}]")
    tab.click(f"[data-drawing={drawing}] {selector}")
    if title is not None:
        assert tab.run("document.getElementById('about-title').textContent") == title
    assert says in tab.run("document.getElementById('about').textContent")
    tab.click("#about-close")
    assert tab.run("document.getElementById('about').hidden")


def test_a_click_on_a_line_tells_of_its_edge(browser: Tab, file: Path) -> None:
    tab = shown(browser, file)
    x, y = tab.run(
        "(() => { const path = document.querySelector(\"[data-open='way residual_1_i_b'] path\");"
        "path.scrollIntoView({block: 'center'});"
        "const at = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform("
        "path.getScreenCTM()); return [at.x, at.y]; })()"
    )
    tab.press_at(x, y)
    text = tab.run("document.getElementById('about').textContent")
    assert "As matmul_w8 sends it" in text and "As residual_1 takes it" in text
    assert "Measured in a run" in text


def test_keys_go_along_the_data(browser: Tab, file: Path) -> None:
    tab = shown(browser, file)
    for _ in range(60):
        tab.press("Tab")
        if tab.run(f"Boolean({FOCUSED}.dataset.node)"):
            break
    assert tab.run(f"{FOCUSED}.dataset.node") == "sequencer"
    assert tab.run(f"{FOCUSED}.matches(':focus-visible')")
    seen = ["sequencer"]
    for _ in range(8):
        tab.press("ArrowDown")
        seen.append(tab.run(f"{FOCUSED}.dataset.node"))
    lines = tab.run(
        "[...graph.drawing().querySelectorAll('[data-from]')].map((line) =>"
        "[line.dataset.from, line.dataset.to])"
    )
    assert len(set(seen)) == 9
    assert all([one, other] in lines for one, other in pairwise(seen))
    tab.press("ArrowUp")
    assert [tab.run(f"{FOCUSED}.dataset.node"), seen[-1]] in lines
    name = tab.run(f"{FOCUSED}.dataset.node")
    tab.press("Enter")
    assert tab.run("document.getElementById('about-title').textContent") == name
    assert tab.run(f"{FOCUSED}.id") == "about-title"
    tab.press("Tab", "Tab")
    assert tab.run(f"Boolean({FOCUSED}.closest('#about'))")
    tab.press("Escape")
    assert tab.run("document.getElementById('about').hidden")
    assert tab.run(f"{FOCUSED}.dataset.node") == name
    assert tab.errors == []


def test_details_do_not_cover_the_graph(browser: Tab, file: Path) -> None:
    tab = shown(browser, file)
    where = "document.querySelector('[data-node=residual_1]').getBoundingClientRect().right"
    before = tab.run(where)
    tab.run("about.open('part residual_1')")
    assert tab.run(where) < tab.run("document.getElementById('about').getBoundingClientRect().left")
    tab.press("Escape")
    assert tab.run(where) == pytest.approx(before, abs=0.5)


def test_keys_go_to_the_side(browser: Tab, file: Path) -> None:
    tab = shown(browser, file)
    tab.run("document.querySelector('[data-node=attention_key_append]').focus()")
    tab.press("ArrowRight")
    right = tab.run(f"{FOCUSED}.dataset.node")
    assert right != "attention_key_append"
    tab.press("ArrowLeft")
    assert tab.run(f"{FOCUSED}.dataset.node") == "attention_key_append"


def test_search_with_keys(browser: Tab, file: Path) -> None:
    tab = shown(browser, file)
    tab.press("/")
    assert tab.run(f"{FOCUSED}.id") == "search"
    tab.press(*"softmax")
    found = tab.run("[...document.querySelectorAll('#found li')].map((li) => li.textContent)")
    assert "attention_softmax" in found[0]
    tab.press("ArrowDown", "ArrowUp", "Enter")
    assert tab.run("document.getElementById('about-title').textContent") == "attention_softmax"
    tab.press("/")
    assert tab.run(f"{FOCUSED}.id") == "search" and tab.run(
        "document.getElementById('about').hidden"
    )
    tab.press(*"zzz")
    assert "nothing has that name" in tab.run("document.getElementById('found').textContent")
    tab.press("Escape")
    assert tab.run("document.getElementById('found').hidden")
    assert tab.run("document.getElementById('search').value") == ""


def test_search_finds_sections(browser: Tab, file: Path) -> None:
    tab = shown(browser, file)
    tab.press("/", *"choices", "Enter")
    assert tab.run("location.hash") == "#choices"


def test_a_table_is_sorted_with_keys(browser: Tab, file: Path) -> None:
    tab = shown(browser, file)
    column = (
        "[...document.querySelector('#converters tbody').rows].map((row) =>"
        "parseInt(row.cells[5].textContent.replaceAll(',', '')))"
    )
    before = tab.run(column)
    tab.run("document.querySelectorAll('#converters th button')[5].focus()")
    tab.press("Enter")
    assert tab.run(column) == sorted(before, reverse=True)
    tab.press("Enter")
    assert tab.run(column) == sorted(before)


def test_printed_without_what_only_works_on_a_screen(browser: Tab, file: Path) -> None:
    tab = shown(browser, file)
    tab.ask("Emulation.setEmulatedMedia", media="print")
    hidden = "['nav', '.controls', '#about'].every((s) => !document.querySelector(s).offsetParent)"
    assert tab.run(hidden)
    assert tab.run("checks.clipped()") == []
    tab.ask("Emulation.setEmulatedMedia", media="")
