# SPDX-License-Identifier: Apache-2.0
"""The list of stages stands once: the compiler runs it, and the help text shows it."""

import pytest

from streamhw.__main__ import main
from streamhw.compiler.pipeline import STAGES
from streamhw.compiler.stage_list import STAGE_LIST


def test_the_compiler_runs_the_list() -> None:
    assert [(stage.name, stage.says) for stage in STAGES] == list(STAGE_LIST.items())


def test_the_help_shows_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["build", "--help"])
    text = capsys.readouterr().out
    for name, says in STAGE_LIST.items():
        assert any(line.split(None, 1) == [name, says] for line in text.splitlines()), name
