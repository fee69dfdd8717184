# SPDX-License-Identifier: Apache-2.0
"""A file is there whole or not at all."""

import os
from pathlib import Path

import pytest

from streamhw.errors import UserError
from streamhw.whole_file import write_whole


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "text")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "text"
    with pytest.raises(UserError, match=r"^Output file .* must be writable, but: "):
        write_whole(tmp_path / "none" / "file", "text")


def test_what_was_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "file", "text")

    def full(source: str, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match=r"must be writable, but: No space left on device$"):
        write_whole(tmp_path / "file", "other")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "text"
