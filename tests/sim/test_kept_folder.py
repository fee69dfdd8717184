# SPDX-License-Identifier: Apache-2.0
"""Folders of the cache: whole or not there, whoever makes them and whatever happens to them."""

import multiprocessing
from pathlib import Path

import pytest

from streamhw.errors import ToolError
from streamhw.sim.kept_folder import is_kept, keep, working

CONTENT = "library" * 1000


def made(cache: Path, content: str = CONTENT) -> Path:
    with working(cache) as work:
        product = work / "product"
        product.mkdir()
        (product / "a.so").write_text(content)
        keep(product, cache / "kept")
    return cache / "kept"


def test_a_folder_gets_its_place_once(tmp_path: Path) -> None:
    kept = made(tmp_path / "cache")
    assert is_kept(kept) and made(tmp_path / "cache", "other") == kept
    assert (kept / "a.so").read_text() == CONTENT
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["kept"]


@pytest.mark.parametrize("file", ["a.so", "seal.json"])
@pytest.mark.parametrize("damage", [b"", CONTENT[:100].encode(), b"{}", None, "folder"])
def test_what_is_damaged_is_made_again(
    tmp_path: Path, file: str, damage: bytes | str | None
) -> None:
    path = made(tmp_path) / file
    path.unlink()
    if isinstance(damage, bytes):
        path.write_bytes(damage)
    elif damage is not None:
        path.mkdir()
    assert is_kept(made(tmp_path))
    assert (tmp_path / "kept" / "a.so").read_text() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("what")
    assert not is_kept(tmp_path / "kept") and is_kept(made(tmp_path))


def test_several_processes_at_once(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "a.so").write_text("damaged")
    context = multiprocessing.get_context("fork")
    makers = [context.Process(target=made, args=(tmp_path,)) for _ in range(8)]
    for process in makers:
        process.start()
    for process in makers:
        process.join()
        assert process.exitcode == 0
    assert is_kept(tmp_path / "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolError, match=r"^Cannot write the cache folder .* because of Not a dir"):
        made(tmp_path / "file" / "cache")
    with pytest.raises(ToolError, match=r"because of No space left on device$"):
        with working(tmp_path):
            raise OSError(28, "No space left on device")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
