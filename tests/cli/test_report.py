# SPDX-License-Identifier: Apache-2.0
"""``report``: one well-formed file that needs nothing else, the same bytes for the same build."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.compiler.backend.build_dir import read_build
from streamhw.report.facts import Facts
from streamhw.report.html.markup import tag
from streamhw.report.html.page import page
from streamhw.report.measured import Measured, StepTimes, StreamWaits
from streamhw.report.summary import Summary, summarize
from streamhw.stream.spec import Role
from tests.cli.conftest import facts_of

EMPTY = {"meta", "br"}


class Checker(HTMLParser):
    """Elements that are open, and what attributes there are."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((name, dict(attributes)))
        if name not in EMPTY:
            self.open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((name, dict(attributes)))

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def facts(built: Path) -> Facts:
    return facts_of(built)


@pytest.fixture(scope="module")
def summary(built: Path) -> Summary:
    manifest, design = read_build(built)
    return summarize(design, manifest.weights)


@pytest.fixture(scope="module")
def measured(facts: Facts) -> Measured:
    return Measured(
        prompt=3,
        token_cycles=(900, 400, 410),
        predicted_cycles=1700.0,
        peaks={stream.name: stream.depth for stream in facts.streams},
        streams={"norm_1_i": StreamWaits(transfers=1, blocked=2, starved=3)},
        step=StepTimes(
            position=facts.position,
            passed={"norm_1_i": ((5, 20), (405, 420)), "matmul_w8_i_x_qkv": ((30, 60), (430, 460))},
        ),
    )


def test_the_page_is_whole(facts: Facts, summary: Summary, measured: Measured) -> None:
    text = page(facts, summary, measured)
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
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


def test_the_same_bytes_again(built: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.html", "b.html")]
    for file in files:
        assert main(["report", str(built), "-o", str(file), "-q"]) == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_where_it_is_written(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(built, copy)
    assert main(["report", str(copy)]) == 0
    assert str(copy / "report.html") in capsys.readouterr().out
    assert (copy / "report.html").read_text().startswith("<!doctype html>")
    assert main(["report", str(copy), "-o", str(tmp_path)]) == 0
    assert (tmp_path / "report.html").is_file()
    capsys.readouterr()
    assert main(["report", str(copy), "-o", str(tmp_path / "none" / "a.html")]) == 2
    assert "must be writable, but: No such file" in capsys.readouterr().err


def test_damaged_files(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(built, copy)
    for name, content, words in (
        ("measured.json", "{", "must be what `run --check` wrote, but:"),
        ("measured.json", '{"prompt": 1}', "must have a field token_cycles"),
        ("netlist.json", "{}", "must have its netlist.json as it was written, but: it was changed"),
        ("manifest.json", '{"version": 1}', "another version: version must be 2, not 1"),
    ):
        whole = (copy / name).read_bytes() if (copy / name).exists() else None
        (copy / name).write_text(content)
        assert main(["report", str(copy)]) == 2
        assert words in capsys.readouterr().err
        (copy / name).write_bytes(whole) if whole is not None else (copy / name).unlink()
        assert not (copy / "report.html").exists()
    assert main(["report", str(tmp_path)]) == 2
    assert "BUILD must be a folder" in capsys.readouterr().err


def test_measures_come_back(measured: Measured, tmp_path: Path) -> None:
    assert Measured.load(tmp_path) is None
    measured.save(tmp_path)
    assert Measured.load(tmp_path) == measured
    assert [p.name for p in tmp_path.iterdir()] == ["measured.json"]


def design_of(number: int, token: float, share: float) -> dict[str, object]:
    score = {"prompt": 3 * token, "token": token, "total": 9 * token, "luts": 10, "ffs": 10,
             "dsps": 1, "block_ram": 1, "ultra_ram": 0, "share": share}  # fmt: skip
    engines = {"matmul_w8": {"rows": 8, "inputs": 4, "lanes": 4}}
    tiling = {"group": 8, "lanes": 4, "attention_lanes": 4, "engines": engines}
    return {"number": number, "origin": "search" if number else "default", "score": score,
            "choice": {"sharing": [], "tiling": tiling}}  # fmt: skip


def test_an_exploration_beside_the_build(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, beside = tmp_path / "copy", tmp_path / "copy-exploration"
    shutil.copytree(built, copy)
    beside.mkdir()
    data = {
        "model": "tiny", "board": "sim", "clock_mhz": 250.0, "schema": 1, "trials": 40,
        "goal": {"objective": "latency"}, "is_exact": False, "best": design_of(7, 900.0, 0.2),
        "compared": [design_of(0, 2000.0, 0.1)],
        "front": [design_of(7, 900.0, 0.2), design_of(3, 1500.0, 0.05)],
    }  # fmt: skip
    (beside / "front.json").write_text(json.dumps(data))
    assert main(["report", str(copy)]) == 0
    text = (copy / "report.html").read_text()
    assert "40 choices were tried" in text and ">best</text>" in text
    assert text.count("<circle") == 3
    for change in ({"model": "another"}, {"board": "u55c"}):
        (beside / "front.json").write_text(json.dumps(data | change))
        assert main(["report", str(copy)]) == 0
        assert "<circle" not in (copy / "report.html").read_text()
    (beside / "front.json").write_text("{}")
    capsys.readouterr()
    assert main(["report", str(copy)]) == 2
    assert "must be what `explore` wrote" in capsys.readouterr().err


def test_text_is_escaped() -> None:
    found = tag("a", "<b>&", tag("i", 1234), None, href='"x"', cls="c", data_tip="a\nb", id=None)
    assert (
        found == '<a href="&quot;x&quot;" class="c" data-tip="a\nb">&lt;b&gt;&amp;<i>1,234</i></a>'
    )
