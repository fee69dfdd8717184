# SPDX-License-Identifier: Apache-2.0
"""The script for zsh: every option and argument of every command, with what zsh is told of it; what
zsh offers, where it is installed."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from streamhw.__main__ import parser
from streamhw.cli.completion_values import commands_of
from streamhw.cli.zsh_completion import zsh_script
from streamhw.compiler.stage_list import STAGE_LIST
from streamhw.frontend import model_names

ZSH = shutil.which("zsh")
ASK = Path(__file__).parent / "ask.zsh"
FUNCTION = re.compile(r"^(_streamhw[\w-]*)\(\) \{\n(.*?)\n\}$", re.MULTILINE | re.DOTALL)
TEXT = r"(?:[^\[\]\\:]|\\.)*"
OPTION = re.compile(rf"(\*|\([^)]*\))(-[\w-]+)([=+]?)\[{TEXT}\](?::({TEXT}):(.*))?")
ARGUMENT = re.compile(rf"(\d)::?({TEXT}):(.*)")


def functions() -> dict[str, str]:
    return dict(FUNCTION.findall(zsh_script(parser())))


def specs(body: str) -> list[str]:
    """What the call in a function is told; raises if a quotation does not end."""
    return shlex.split(body.partition("_arguments")[2].replace("\\\n", ""))


def test_every_command_has_its_options_and_arguments() -> None:
    known = functions()
    for name, command in commands_of(parser()).items():
        options, arguments = {}, []
        for spec in specs(known[f"_streamhw-{name}"]):
            if (option := OPTION.fullmatch(spec)) is not None:
                options[option[2]] = option
            else:
                argument = ARGUMENT.fullmatch(spec)
                assert argument is not None, spec
                arguments.append(argument[2])
        for action in command._actions:
            for word in action.option_strings:
                found = options.pop(word)
                assert bool(found[3]) == (found[5] is not None) == (action.nargs != 0), word
                if found[1] != "*":
                    assert found[1][1:-1].split() == list(action.option_strings)
        assert options == {}
        wanted = [a.metavar or a.dest for a in command._actions if not a.option_strings]
        assert arguments == wanted


def test_what_is_called_is_defined() -> None:
    script = zsh_script(parser())
    for name in set(re.findall(r"_streamhw[\w-]*\b", script)) - {"_streamhw-"}:
        assert name in functions(), name


def test_names_and_descriptions() -> None:
    known = functions()
    (models,) = re.findall(r"'names:model:\((.*?)\)'", known["_streamhw_model"])
    assert models.replace("\\", "").split() == list(model_names())
    assert "files:file:_files" in known["_streamhw_board"] and " u55c " in known["_streamhw_board"]
    assert f"({' '.join(STAGE_LIST)})" in known["_streamhw_stop"]
    assert "'explain:why an edge has its converter and its FIFO'" in known["_streamhw_commands"]
    tokens = [s for s in specs(known["_streamhw-run"]) if "--tokens" in s]
    assert tokens == ["(--tokens)--tokens=[tokens to generate; default\\: 32]:tokens: "]
    assert "--pin" in next(s for s in specs(known["_streamhw-build"]) if s.startswith("*--pin"))


@pytest.mark.skipif(ZSH is None, reason="zsh is not installed")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ex", {"explain", "explore"}),
        ("-q ex", {"explain", "explore"}),
        ("--js", {"--json"}),
        ("--print-completion ", {"bash", "zsh"}),
        ("build gpt2-s", {"gpt2-shakespeare"}),
        ("build gpt2 --board u", {"u50", "u55c", "ulx3s"}),
        ("build gpt2 --board=u5", {"u50", "u55c"}),
        ("build gpt2 --fifo ", {"normal", "conservative"}),
        ("build gpt2 --stop pl", {"place"}),
        ("run gpt2 --memory h", {"hbm2"}),
        ("run gpt2 --pro", {"--prompt"}),
        ("run gpt2 --tokens ", set()),
        ("list bo", {"boards"}),
        ("explain ", {"build/tiny-sim", "build/gpt2-u55c"}),
        ("build oth", {"other"}),
    ],
)
def test_what_zsh_offers(line: str, offered: set[str], tmp_path: Path) -> None:
    (tmp_path / "script").write_text(zsh_script(parser()))
    for name in ("build/tiny-sim", "build/gpt2-u55c", "other"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / ("notes" if name == "other" else "manifest.json")).touch()
    command = [str(ZSH), "-f", str(ASK), f"streamhw {line}"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=True)
    hits = tmp_path / "hits"
    assert (tmp_path / "finished").exists()
    assert set(hits.read_text().split() if hits.exists() else ()) == offered
