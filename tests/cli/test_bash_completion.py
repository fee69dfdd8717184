# SPDX-License-Identifier: Apache-2.0
"""The script for bash is valid, and completes what is typed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from streamhw.__main__ import main, parser
from streamhw.cli.bash_completion import bash_script

BASH = shutil.which("bash") or "bash"
ASK = """
source ./script
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
compopt() {{ :; }}  # only bash itself may call it, while it completes
_streamhw
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("completion")
    (home / "script").write_text(bash_script(parser()))
    for name in ("build/tiny-sim", "build/gpt2-u55c", "other"):
        (home / name).mkdir(parents=True)
        (home / name / ("notes" if name == "other" else "manifest.json")).touch()
    return home


def completed(folder: Path, *words: str) -> set[str]:
    """What bash offers for the last word."""
    quoted = " ".join(f"'{word}'" for word in ("streamhw", *words))
    done = subprocess.run(
        [BASH, "-c", ASK.format(words=quoted)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_the_script_is_printed_and_valid(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--print-completion", "bash"]) == 0
    assert capsys.readouterr().out == (folder / "script").read_text()
    done = subprocess.run([BASH, "-n", str(folder / "script")], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ex"], {"explain", "explore"}),
        (["-q", "ex"], {"explain", "explore"}),
        (["--js"], {"--json"}),
        (["build", "gpt2-s"], {"gpt2-shakespeare"}),
        (["build", "gpt2", "--board", "u"], {"u50", "u55c", "ulx3s"}),
        (["build", "gpt2", "--fifo", ""], {"normal", "conservative"}),
        (["build", "gpt2", "--stop", "pl"], {"place"}),
        (["run", "gpt2", "--memory", "h"], {"hbm2"}),
        (["run", "gpt2", "--pro"], {"--prompt"}),
        (["run", "gpt2", "--tokens", ""], set()),
        (["list", "bo"], {"boards"}),
        (["explain", ""], {"build/tiny-sim", "build/gpt2-u55c"}),
        (["explain", "build/t"], {"build/tiny-sim"}),
        (["build", "oth"], {"other"}),
    ],
)
def test_what_is_offered(words: list[str], offered: set[str], folder: Path) -> None:
    found = completed(folder, *words)
    options = {word for word in found if word.startswith("-")}
    assert (found if words[-1].startswith("-") else found - options) == offered


def test_every_command_has_its_options(folder: Path) -> None:
    for command in ("build", "run", "bench", "list", "explain", "evaluate", "synth"):
        assert {"--json", "--wide", "--quiet"} <= completed(folder, command, "--")
