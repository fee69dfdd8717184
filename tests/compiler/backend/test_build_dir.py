# SPDX-License-Identifier: Apache-2.0
"""A build folder is all there or as it was before; one that is not whole is not used again."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streamhw.compiler.backend import build_dir as package
from streamhw.compiler.backend.emit import Emitted
from streamhw.errors import UserError

FILES = {
    "top.v",
    "manifest.json",
    "memory.bin",
    "report.json",
    "design.json",
    "netlist.json",
    ".key",
}
TEXTS = {"report.json": "{}", "design.json": "{}"}
STORED = 100


def pieces(*_: object) -> Iterator[np.ndarray]:
    yield np.arange(STORED // 2, dtype=np.uint8)
    yield np.ones(STORED // 2, dtype=np.uint8)


@pytest.fixture(autouse=True)
def image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "design_image", pieces)
    monkeypatch.setattr(package, "dumps", lambda _: "{}")


def write(folder: Path, key: str = "key", verilog: str = "module top; endmodule") -> None:
    """A build of a design of which only what is written matters."""
    design: Any = SimpleNamespace(memory=SimpleNamespace(stored=STORED), tiling=None, graph=None)
    quantized: Any = None
    manifest: Any = SimpleNamespace(save=lambda path: path.write_text("{}"))
    package.write_build(design, quantized, Emitted(verilog, manifest), TEXTS, key, folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_new_build_takes_the_place_of_the_old(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    write(out)
    assert contents(out).keys() == FILES
    (out / "synth.json").write_text("of the old one")
    write(out, "other", "module top(); endmodule")
    assert contents(out).keys() == FILES
    assert (out / "top.v").read_text() == "module top(); endmodule"
    assert package.read_key(out) == "other"
    assert [p.name for p in out.parent.iterdir()] == ["b"]


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize(
    "stop", [KeyboardInterrupt(), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))]
)
@pytest.mark.parametrize("moment", ["image", "manifest", "last"])
def test_what_was_there_survives(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    earlier: bool,
    stop: BaseException,
    moment: str,
) -> None:
    out = tmp_path / "out"
    if earlier:
        write(out)
    before = contents(out) if earlier else {}
    replace, write_text = os.replace, Path.write_text

    def stopped(*_: object) -> Iterator[np.ndarray]:
        yield np.ones(10, dtype=np.uint8)
        raise stop

    def stopped_text(path: Path, text: str) -> int:
        if path.name == "manifest.json":
            raise stop
        return write_text(path, text)

    def stopped_replace(source: Path, target: Path) -> None:
        """Stops when the old folder is out of the way and the new one is not yet there."""
        if target == out and not source.name.endswith(".old"):
            raise stop
        replace(source, target)

    if moment == "image":
        monkeypatch.setattr(package, "design_image", stopped)
    elif moment == "manifest":
        monkeypatch.setattr(Path, "write_text", stopped_text)
    else:
        monkeypatch.setattr(os, "replace", stopped_replace)
    with pytest.raises((KeyboardInterrupt, UserError)) as caught:
        write(out, "other")
    if isinstance(stop, OSError):
        assert str(caught.value) == f"Build must be written to {out}, but: No space left on device"
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir()] == (["out"] if earlier else [])
    assert not earlier or contents(out) == before


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_build_that_is_not_whole_has_no_key(tmp_path: Path, name: str) -> None:
    write(tmp_path / "out")
    assert package.read_key(tmp_path / "out") == "key"
    (tmp_path / "out" / name).unlink()
    assert package.read_key(tmp_path / "out") is None


@pytest.mark.parametrize(
    ("name", "content"),
    [("memory.bin", bytes(STORED - 1)), (".key", b"\xff 100"), (".key", b""), (".key", b"key")],
)
def test_a_build_that_is_damaged_has_no_key(tmp_path: Path, name: str, content: bytes) -> None:
    write(tmp_path / "out")
    (tmp_path / "out" / name).write_bytes(content)
    assert package.read_key(tmp_path / "out") is None


def test_folders_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    below = tmp_path / "file" / "below"
    with pytest.raises(UserError, match=r"^Output folder .* must be writable, but"):
        write(below)
    for folder, words in (
        (tmp_path / "file", r"^Output must be a folder, not the file"),
        (below, r"^Output folder .* must be writable"),
        (Path("/proc/streamhw"), r"^Output folder /proc/streamhw must be writable"),
        (tmp_path, r"must be empty or an earlier build, and it is neither$"),
    ):
        with pytest.raises(UserError, match=words):
            package.check_folder(folder)
    assert contents(tmp_path) == {"file": b"mine"}
