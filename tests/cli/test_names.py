# SPDX-License-Identifier: Apache-2.0
"""Whatever is typed is printed as it was typed: no bracket, colon or byte of a name is markup."""

import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.table import Table

from streamhw.__main__ import main
from streamhw.commands.show import console_for, progress, show_file, warn
from streamhw.frontend.zoo import CHECKPOINTS

NAMES = ("a[sim]", "[/x]", "[red]b", ":smile:", "[link=a]c[/link]", "\\[d]", "[bold", "é]["
         , "{e}", "%s")  # fmt: skip
ALL = "[/x]a[sim]:smile:[link]é][%s{e}"
"""All kinds of markup in one name."""
Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs a command in an empty folder: the exit code, standard output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        found = capfd.readouterr()
        return code, found.out, found.err

    return run


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("build", "{}"),
    ("build", "gpt2-shakespeare", "--board", "{}"),
    ("build", "gpt2-shakespeare", "--board", "{}.py"),
    ("build", "gpt2-shakespeare", "--weights", "{}"),
    ("build", "gpt2-shakespeare", "--quant", "{}"),
    ("build", "gpt2-shakespeare", "--sharing", "{}"),
    ("build", "gpt2-shakespeare", "--pin", "{}=0"),
    ("build", "gpt2-shakespeare", "--design", "{}"),
    ("build", "gpt2-shakespeare", "--decisions", "{}"),
    ("build", "gpt2-shakespeare", "--from", "{}"),
    ("build", "gpt2-shakespeare", "--stop", "{}"),
    ("run", "{}", "--prompt", "a"),
    ("run", "gpt2", "--prompt", "{}"),
    ("run", "gpt2-shakespeare", "--prompt", "a", "--memory", "{}"),
    ("explore", "{}"),
    ("explore", "gpt2-shakespeare", "--board", "{}"),
    ("bench", "{}"),
    ("bench", "gpt2-shakespeare", "--board", "{}"),
    ("synth", "{}"),
    ("report", "{}"),
    ("explain", "{}"),
    ("evaluate", "{}"),
    ("evaluate", "gpt2-shakespeare", "--text", "{}"),
    ("evaluate", "gpt2-shakespeare", "--quant", "{}"),
    ("evaluate", "gpt2-shakespeare", "--board", "{}"),
    ("evaluate", "gpt2-shakespeare", "--weights", "{}"),
    ("doctor", "{}"),
    ("doctor", "gpt2-shakespeare", "--text", "{}"),
    ("doctor", "gpt2-shakespeare", "--quant", "{}"),
    ("doctor", "gpt2-shakespeare", "--board", "{}"),
    ("doctor", "gpt2-shakespeare", "--weights", "{}"),
    ("list", "{}"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_errors_say_what_was_typed(say: Say, command: tuple[str, ...]) -> None:
    code, out, err = say(*(part.replace("{}", ALL) for part in command))
    assert code in (2, 3, 4) and "Traceback" not in err
    assert ALL in err + out


def test_output_folders_are_named_as_they_were_typed(say: Say, tmp_path: Path) -> None:
    for number, name in enumerate((*NAMES, ALL)):
        folder = tmp_path / str(number) / name
        folder.mkdir(parents=True)
        (folder / "top.v").write_text("mine")
        code, _, err = say("build", "gpt2-shakespeare", "-o", f"{number}/{name}/")
        assert code == 2 and f"Output folder {number}/{name} must have no top.v" in err
        assert (folder / "top.v").read_text() == "mine"


def test_paths_with_brackets_are_whole_in_messages(say: Say, tmp_path: Path) -> None:
    for name in NAMES:
        folder = tmp_path / name / "model"
        shutil.copytree(CHECKPOINTS["gpt2-shakespeare"], folder)
        (folder / "config.json").write_text("{")
        code, _, err = say("build", folder)
        assert code == 2 and str(folder / "config.json") in err.replace("\n", ""), (name, err)


def test_a_path_that_is_no_text(say: Say, tmp_path: Path) -> None:
    code, _, err = say("build", "a\udcff[b]")
    assert code == 2 and "[b]" in err and "Traceback" not in err


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1)


@given(text=TEXTS)
@example(text="[/x]")
@example(text="[red]:smile:[/red]\\[a]")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_consoles_print_text_as_it_is(text: str) -> None:
    console = console_for()
    console.file = file = io.StringIO()
    console.width = 10_000
    console.print(text, soft_wrap=True)
    warn(console, text)
    table = Table("what", title=text)
    table.add_row(text)
    console.print(table)
    with progress(console) as shown:
        shown.add_task(text, total=None, detail=text)
    plain = re.escape(text.rstrip())
    assert len(re.findall(plain, file.getvalue())) >= 4


def test_files_are_shown_as_they_are_called(tmp_path: Path) -> None:
    console = console_for()
    console.file = file = io.StringIO()
    path = tmp_path / "[red]a:smile:[b]"
    path.write_text("abc")
    show_file(path, console)
    assert file.getvalue() == f"  {path}  3 bytes\n"


def test_a_reader_that_goes_away(monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("streamhw.commands.listing.list_installed", gone)
    monkeypatch.setattr("os.dup2", lambda *_: None)
    assert say("list", "boards") == (141, "", "")
