# SPDX-License-Identifier: Apache-2.0
"""A build folder is all there or as it was before; one that is not whole is not used again."""

import errno
import hashlib
import json
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
    (out / "notes.txt").write_text("mine")
    write(out, "other", "module top(); endmodule")
    assert contents(out).keys() == FILES | {"notes.txt"}
    assert (out / "notes.txt").read_text() == "mine"
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
    rename, write_text = os.rename, Path.write_text

    def stopped(*_: object) -> Iterator[np.ndarray]:
        yield np.ones(10, dtype=np.uint8)
        raise stop

    def stopped_text(path: Path, text: str, encoding: str | None = None) -> int:
        if path.name == "manifest.json":
            raise stop
        return write_text(path, text, encoding)

    def stopped_rename(source: Path, target: Path) -> None:
        """Stops when all files but the new manifest are in their place."""
        if target == out / "manifest.json" and source.parent.name == "new":
            raise stop
        rename(source, target)

    if moment == "image":
        monkeypatch.setattr(package, "design_image", stopped)
    elif moment == "manifest":
        monkeypatch.setattr(Path, "write_text", stopped_text)
    else:
        monkeypatch.setattr(os, "rename", stopped_rename)
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


@pytest.mark.parametrize("name", sorted(package.BUILD_FILES))
def test_a_file_of_the_user_in_the_way_is_refused_first(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    said = f"^Output folder .* must have no {name} that streamhw did not write, and it has$"
    with pytest.raises(UserError, match=said):
        package.check_folder(tmp_path)
    assert contents(tmp_path) == {name: b"mine"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "null", '{"files": []}', '{"name": "site", "digest": 1, "registers": 2}',
     '{"digest": "", "registers": {}, "files": 7}', "[" * 10_000,
     '{"digest": "", "registers": {}, "files": [{"name": ["a"]}]}'],
)  # fmt: skip
def test_manifests_of_other_programs_are_no_builds(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    assert package.written_files(tmp_path) == frozenset()


def test_a_list_cannot_cost_the_user_a_file(tmp_path: Path) -> None:
    """Names that lead elsewhere, and files that are no longer as they are listed."""
    out = tmp_path / "out"
    write(out)
    (tmp_path / "thesis.tex").write_text("mine")
    digest = hashlib.sha256(b"mine").hexdigest()
    names = ("../thesis.tex", "..", ".", "", "a/../thesis.tex", str(tmp_path / "thesis.tex"))
    for name in ("old.bin", "changed.bin"):
        (out / name).write_text("mine")
    content = json.loads((out / "manifest.json").read_text())
    content["files"] += [{"name": n, "bytes": 4, "sha256": digest} for n in (*names, "old.bin")]
    content["files"].append({"name": "changed.bin", "bytes": 4, "sha256": "0" * 64})
    (out / "manifest.json").write_text(json.dumps(content))
    write(out, "other")
    assert contents(out).keys() == FILES | {"changed.bin"}
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_a_stopped_build_and_a_whole_one(tmp_path: Path) -> None:
    texts = {package.DUMP_FILE: "text", "decisions.json": "{}"}
    for text in ("text", "other"):
        package.check_folder(tmp_path, whole=False)
        package.write_stopped({**texts, package.DUMP_FILE: text}, tmp_path, "tile")
        assert (tmp_path / package.DUMP_FILE).read_text() == text
    package.check_folder(tmp_path)
    write(tmp_path)
    assert contents(tmp_path).keys() == FILES
    said = r"^Output folder .* must not hold a whole build where a stopped one is written$"
    with pytest.raises(UserError, match=said):
        package.check_folder(tmp_path, whole=False)


def test_a_build_lies_beside_the_files_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    package.check_folder(tmp_path)
    write(tmp_path)
    assert contents(tmp_path).keys() == FILES | {"notes.txt"}
    assert package.written_files(tmp_path) == FILES
