# SPDX-License-Identifier: Apache-2.0
"""The C++ compiler: which one, and what is said when it is missing or fails."""

from pathlib import Path

import pytest

from streamhw.errors import ToolError
from streamhw.sim.cpp_compiler import find_compiler, first_error, publish, run, work_folder


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ToolError, match=r"needs a C\+\+ compiler") as error:
        find_compiler()
    assert error.value.hint is not None and "apt-get install g++" in error.value.hint


def test_the_first_error_is_told(tmp_path: Path) -> None:
    source = tmp_path / "bad.cpp"
    source.write_text("int good;\nint a = b;\nint c = d;\n")
    with pytest.raises(ToolError, match=r"^C\+\+ compiler .* failed: .*bad\.cpp:2:9: error: "):
        run([str(find_compiler().binary), "-fsyntax-only", str(source)])
    assert first_error("out of memory\n") == "out of memory"


def test_a_folder_gets_its_place_once(tmp_path: Path) -> None:
    first, second = work_folder(tmp_path / "cache"), work_folder(tmp_path / "cache")
    for folder in (first, second):
        (folder / "whose").write_text(folder.name)
        publish(folder, tmp_path / "cache" / "product")
    assert (tmp_path / "cache" / "product" / "whose").read_text() == first.name
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolError, match=r"^Cannot write the cache folder .* because of "):
        work_folder(tmp_path / "file" / "cache")
