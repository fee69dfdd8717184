# SPDX-License-Identifier: Apache-2.0
"""``report``: one well-formed file that needs nothing else, the same bytes for the same build."""

import json
import shutil
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.report.measured import Measured
from streamhw.runtime.manifest import Manifest


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


def test_what_another_build_measured_is_not_shown(built: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(built, copy)
    pages = []
    for source in ("", "of another build", Manifest.load(built).source):
        Measured(prompt=1, token_cycles=(9,), source=source).save(copy)
        assert main(["report", str(copy), "-q"]) == 0
        pages.append((copy / "report.html").read_text())
    (copy / "measured.json").unlink()
    assert main(["report", str(copy), "-q"]) == 0
    without = (copy / "report.html").read_text()
    assert pages[:2] == [without, without] and pages[2] != without


def design_of(number: int, token: float, share: float) -> dict[str, object]:
    score = {"prompt": 3 * token, "token": token, "total": 9 * token, "luts": 10, "ffs": 10,
             "dsps": 1, "block_ram": 1, "ultra_ram": 0, "share": share}  # fmt: skip
    engines = {"matmul_w8": {"rows": 8, "inputs": 4, "lanes": 4}}
    tiling = {"token_batch": 8, "lanes": 4, "attention_lanes": 4, "engines": engines}
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
    assert text.split('id="pareto"')[1].count("<circle") == 3
    for change in ({"model": "another"}, {"board": "u55c"}):
        (beside / "front.json").write_text(json.dumps(data | change))
        assert main(["report", str(copy)]) == 0
        assert 'id="pareto"' not in (copy / "report.html").read_text()
    (beside / "front.json").write_text("{}")
    capsys.readouterr()
    assert main(["report", str(copy)]) == 2
    assert "must be what `explore` wrote" in capsys.readouterr().err
