# SPDX-License-Identifier: Apache-2.0
"""The C++ compiler: which one, and what is said when it is missing or fails."""

from pathlib import Path

import pytest

from streamhw.errors import ToolError
from streamhw.sim.cpp_compiler import find_compiler, first_error, run


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
        run([*find_compiler().command, "-fsyntax-only", str(source)])
    assert first_error("out of memory\n") == "out of memory"


def test_a_command_of_several_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``ccache g++`` is what build systems put there."""
    wrapper = tmp_path / "with space" / "ccache"
    wrapper.parent.mkdir()
    wrapper.write_text('#!/bin/sh\nexec "$@"\n')
    wrapper.chmod(0o755)
    plain = find_compiler()
    monkeypatch.setenv("CXX", f"'{wrapper}' {plain.command[0]} -DA=7")
    found = find_compiler()
    assert found.command == (str(wrapper), plain.command[0], "-DA=7")
    assert found.identity.startswith(f"ccache {plain.command[0]} -DA=7 ")
    source = tmp_path / "good.cpp"
    source.write_text("static_assert(A == 7);\n")
    run([*found.command, "-fsyntax-only", str(source)])
    monkeypatch.setenv("CXX", str(wrapper))  # a path with a space
    with pytest.raises(ToolError, match=r"must answer --version, but: "):
        find_compiler()


@pytest.mark.parametrize("command", ["no-such-compiler", "no such", "'g++", "/", "''"])
def test_no_command(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("CXX", command)
    with pytest.raises(ToolError, match=r"needs a C\+\+ compiler, and there is no "):
        find_compiler()


def test_programs_that_are_no_compilers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "program"
    for content, said in (("\x7fELF", "Exec format error"), ("#!/bin/sh\n", "it says nothing"),
                          ("#!/bin/sh\necho no >&2; exit 1\n", "no")):  # fmt: skip
        program.write_text(content)
        program.chmod(0o755)
        monkeypatch.setenv("CXX", f"{program} -{said[:1]}")
        with pytest.raises(ToolError, match=rf"^C\+\+ compiler .* --version, but: {said}$"):
            find_compiler()
