# SPDX-License-Identifier: Apache-2.0
"""Texts are whole or absent, the folder stays within its limit, and several processes may write."""

import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from streamhw.cache import TextCache, default_cache


def test_what_was_put_is_there(tmp_path: Path) -> None:
    cache = TextCache(tmp_path / "new")
    assert cache.get("a") is None
    cache.put("a", "module é; endmodule\n")
    assert cache.get("a") == "module é; endmodule\n"
    cache.put("a", "other")
    assert TextCache(tmp_path / "new").get("a") == "other"


def test_keys_tell_parts_apart() -> None:
    assert TextCache.key("ab", "c") != TextCache.key("a", "bc") != TextCache.key("abc")
    assert TextCache.key("ab", "c") == TextCache.key("ab", "c")


@pytest.mark.parametrize("damage", [b"", b"no zlib", None])
def test_a_damaged_text_is_absent(tmp_path: Path, damage: bytes | None) -> None:
    cache = TextCache(tmp_path)
    cache.put("a", "x" * 1000)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-3] if damage is None else damage)
    assert cache.get("a") is None


def test_the_one_unused_for_longest_goes(tmp_path: Path) -> None:
    text = os.urandom(500).hex()
    cache = TextCache(tmp_path, limit=2000)
    for at, key in enumerate("abc"):
        cache.put(key, text + key)
        os.utime(tmp_path / f"{key}.z", (at, at))
    assert cache.get("a") is not None  # used now
    cache.put("d", text + "d")
    assert {key for key in "abcd" if cache.get(key) is not None} == {"a", "c", "d"}
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2000


def test_a_folder_that_cannot_be_written_stores_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = TextCache(tmp_path / "file")
    cache.put("a", "text")
    assert cache.get("a") is None


def _write(folder: str, number: int) -> bool:
    cache = TextCache(Path(folder), limit=20_000)
    text = "".join(chr(32 + (n * 7919 + number) % 90) for n in range(5000))
    for key in ("same", f"own{number}"):
        cache.put(key, text)
    found = cache.get("same")
    return found is None or len(found) == 5000


def test_processes_at_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        assert all(pool.map(_write, [str(tmp_path)] * 16, range(16)))
    assert not list(tmp_path.glob(".writing-*"))


def test_the_folder_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMHW_CACHE", "/some/where")
    assert default_cache() == Path("/some/where")
    monkeypatch.delenv("STREAMHW_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/else")
    assert default_cache() == Path("/else/streamhw")
