# SPDX-License-Identifier: Apache-2.0
"""``-v`` and ``-vv``: how tools are called, and what they say, on standard error only."""

import pytest

from streamhw.__main__ import main
from streamhw.cli.tool_lines import tool_lines
from streamhw.commands import listing
from streamhw.tool_log import LOGGER, log_call, log_output


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ([], []),
        (["-v"], ["tool 'a file'"]),
        (["-vv"], ["tool 'a file'", "out", "error 1", "error 2"]),
        (["--verbose", "--verbose"], ["tool 'a file'", "out", "error 1", "error 2"]),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_levels(
    typed: list[str],
    lines: list[str],
    first: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def called(*_: object) -> None:
        log_call(["tool", "a file"])
        log_output("out", "error 1\nerror 2\n")

    monkeypatch.setattr(listing, "list_installed", called)
    command = [*typed, "list"] if first else ["list", *typed]
    assert main(command) == 0
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.splitlines() == lines
    assert LOGGER.handlers == []


def test_a_failure_leaves_no_handler() -> None:
    level = LOGGER.level
    with pytest.raises(KeyError), tool_lines(2):
        raise KeyError
    assert LOGGER.handlers == [] and LOGGER.level == level
