# SPDX-License-Identifier: Apache-2.0
"""Text of an answer in a pipe, a file, and on a terminal."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from streamhw.commands.answer_text import AnswerText, visible
from streamhw.commands.show import progress

TEXT = "a\tb\rc\x1b[31md\x07\x00 é€ [red]x[/red] :smile: \\[ \u202e\n"


def printed(pieces: list[str], *, quiet: bool, terminal: bool = False) -> bytes:
    data = io.BytesIO()
    file = io.TextIOWrapper(data, encoding="ascii", newline="", write_through=True)
    if terminal:
        file.reconfigure(encoding="utf-8")
    console = Console(
        file=file, quiet=quiet, force_terminal=terminal, markup=False, emoji=False, highlight=False
    )
    with progress(console) as shown:
        text = AnswerText(console, shown)
        text.prompt("prompt ")
        for piece in pieces:
            text.add(piece)
        text.end()
    file.flush()
    return data.getvalue()


@given(st.lists(st.text()))
def test_a_pipe_gets_every_byte(pieces: list[str]) -> None:
    whole = "".join(pieces).encode()
    assert printed(pieces, quiet=True) == whole
    assert printed(pieces, quiet=False) == b"prompt " + whole + b"\n"


@pytest.mark.parametrize("quiet", [False, True])
def test_a_terminal_is_not_directed(quiet: bool) -> None:
    found = printed([TEXT[:5], TEXT[5:], "end"], quiet=quiet, terminal=True).decode()
    assert "\\x1b[31md\\x07\\x00 é€ [red]x[/red] :smile: \\[ \\u202e" in found
    assert "\x07" not in found and "\x1b[31m" not in found and "\u202e" not in found
    assert ("prompt" in found) is not quiet
    assert found.endswith("end\n") or not quiet


@given(st.text())
def test_visible_text_has_no_control_characters(text: str) -> None:
    shown = visible(text)
    assert all(
        character.isprintable() or character in "\n\t" or ord(character) > 0x9F
        for character in shown
    )
    assert "\x1b" not in shown and "\r" not in shown and "\x9b" not in shown


def test_visible_text_keeps_letters() -> None:
    assert visible("é\t\n漢字 👍 ♥") == "é\t\n漢字 👍 ♥"
