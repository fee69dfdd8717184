# SPDX-License-Identifier: Apache-2.0
"""Folders of tools are gone afterwards, and a full disk is said."""

import tempfile
from pathlib import Path

import pytest

from streamhw.errors import ToolError
from streamhw.temporary_folder import temporary_folder


def test_it_is_gone_afterwards() -> None:
    with temporary_folder() as folder:
        (folder / "file").write_text("text")
    assert not folder.exists()


def test_where_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(ToolError, match=r"^Temporary files must be writable, but: No such file"):
        with temporary_folder():
            pass
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ToolError, match=r"but: No space left on device$"), temporary_folder():
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())
