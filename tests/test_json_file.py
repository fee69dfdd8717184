# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong with a JSON file is one kind of error, and it is read in bounded time."""

import os
from pathlib import Path

import pytest

from streamhw.json_file import load_json, parse_json

DAMAGED = (
    b"",
    b"{",
    b"[1,]",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"9" * 5000,
    bytes(range(256)),
    b"\0" * 100,
    b'"\xff"',
)


@pytest.mark.parametrize("content", DAMAGED)
def test_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError):  # its text is Python's
        load_json(tmp_path / "a.json")
    with pytest.raises(ValueError):
        parse_json(content)


def test_what_is_there(tmp_path: Path) -> None:
    for prefix in (b"", b"\xef\xbb\xbf"):
        (tmp_path / "a.json").write_bytes(prefix + b'{"a": [1, "\xc3\xa9"]}')
        assert load_json(tmp_path / "a.json") == {"a": [1, "é"]}
    assert parse_json("\ufeff3") == parse_json(b"\xef\xbb\xbf3") == 3


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_json(tmp_path / "a.json")
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError):
        load_json(tmp_path / "file" / "a.json")
    (tmp_path / "link").symlink_to("link")
    os.mkfifo(tmp_path / "pipe")
    for other in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ValueError, match=r"^it is a folder or a device$"):
            load_json(other)
    with pytest.raises(ValueError, match=r"^Too many levels of symbolic links$"):
        load_json(tmp_path / "link")
