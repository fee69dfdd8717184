# SPDX-License-Identifier: Apache-2.0
"""JSON files: an object, or one sentence."""

import re
from pathlib import Path

import pytest

from streamhw.errors import UserError
from streamhw.frontend.reading.json_file import LFS_HINT, is_lfs_pointer, read_json


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    for encoding in ("utf-8", "utf-8-sig"):
        file.write_text('{"a": [1, "ä"]}', encoding=encoding)
        assert read_json(file) == {"a": [1, "ä"]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file must be JSON ("),
        (b"{'a': 1}", "the file must be JSON ("),
        (b"\xff\xfe{}", "the file must be JSON ("),
        (b'{"a": ' + b"[" * 100_000, "the file must be JSON ("),
        (b'{"a": ' + b"9" * 5000 + b"}", "the file must be JSON ("),
        (b"[1]", "the file must hold a JSON object"),
    ],
)
def test_refusals(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(UserError, match=f"^{re.escape(f'{file}: {words}')}") as error:
        read_json(file)
    assert error.value.hint is None


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the file is missing$"):
        read_json(tmp_path / "a.json")
    with pytest.raises(UserError, match=r"the file must be JSON \("):
        read_json(tmp_path)
    assert not is_lfs_pointer(tmp_path) and not is_lfs_pointer(tmp_path / "a.json")


def test_a_pointer_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert is_lfs_pointer(file)
    with pytest.raises(UserError, match="the file must be JSON") as error:
        read_json(file)
    assert error.value.hint == LFS_HINT
