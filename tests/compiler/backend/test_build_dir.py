# SPDX-License-Identifier: Apache-2.0
"""A build folder is all there or as it was before; one that is not whole is not used again."""

import errno
import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streamhw.compiler.backend import build_dir as package
from streamhw.compiler.backend.emit import Emitted
from streamhw.errors import UserError
from streamhw.runtime.manifest import Manifest, MemoryMap

FILES = {
    "top.v",
    "manifest.json",
    "memory.bin",
    "report.json",
    "netlist.json",
}
TEXTS = {"report.json": "{}"}
STORED = 100


def pieces(*_: object) -> Iterator[np.ndarray]:
    yield np.arange(STORED // 2, dtype=np.uint8)
    yield np.ones(STORED // 2, dtype=np.uint8)


@pytest.fixture(autouse=True)
def image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "design_image", pieces)
    monkeypatch.setattr(package, "dumps", lambda _: "{}")


MANIFEST = Manifest(
    board="sim",
    context=8,
    vocabulary=16,
    token_batch=2,
    digest="0123456789",
    memory=MemoryMap(bytes=4096, image="memory.bin"),
    ports=(),
)


def write(folder: Path, source: str = "key", verilog: str = "module top; endmodule") -> None:
    """A build of a design of which only what is written matters."""
    design: Any = SimpleNamespace(memory=SimpleNamespace(stored=STORED))
    quantized: Any = None
    emitted = Emitted(verilog, MANIFEST)
    package.write_build(
        design, quantized, emitted, TEXTS, folder, source=source, weights="checkpoint"
    )


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
    assert package.is_whole(out, "other") and not package.is_whole(out, "key")
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

    def stopped_text(path: Path, text: str, encoding: str | None = None) -> int:
        if path.name == "manifest.json":
            raise stop
        return write_text(path, text, encoding)

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
def test_a_build_without_a_file_is_not_whole(tmp_path: Path, name: str) -> None:
    write(tmp_path / "out")
    assert package.is_whole(tmp_path / "out", "key")
    (tmp_path / "out" / name).unlink()
    assert not package.is_whole(tmp_path / "out", "key")


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_build_with_a_file_cut_off_is_not_whole(tmp_path: Path, name: str) -> None:
    write(tmp_path / "out")
    file = tmp_path / "out" / name
    file.write_bytes(file.read_bytes()[:-1] if name != "manifest.json" else b"\xff")
    assert not package.is_whole(tmp_path / "out", "key")


def test_the_manifest_lists_what_was_written(tmp_path: Path) -> None:
    write(tmp_path)
    manifest = Manifest.load(tmp_path)
    assert {file.name for file in manifest.files} == FILES - {"manifest.json"}
    assert (manifest.source, manifest.weights) == ("key", "checkpoint")
    for file in manifest.files:
        content = package.read_file(tmp_path, manifest, file.name)
        assert len(content) == file.bytes and hashlib.sha256(content).hexdigest() == file.sha256
    assert replace(manifest, source="", weights="", files=()) == MANIFEST


def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    manifest = Manifest.load(tmp_path)
    (tmp_path / "top.v").write_text("module pot; endmodule")
    said = r"^Build .* must have its top.v as it was written, but: it was changed or cut off$"
    with pytest.raises(UserError, match=said):
        package.read_file(tmp_path, manifest, "top.v")
    with pytest.raises(UserError, match=r"its none as it was written, but: No such file"):
        package.read_file(tmp_path, manifest, "none")
    with pytest.raises(UserError, match=r"^BUILD must be a folder that `build` wrote, not"):
        package.read_build(tmp_path / "none")


def test_a_netlist_of_another_version_is_refused(tmp_path: Path) -> None:
    write(tmp_path)  # its netlist is no level
    with pytest.raises(UserError, match=r"netlist.json as it was written, but: Level must be wr"):
        package.read_build(tmp_path)


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
