# SPDX-License-Identifier: Apache-2.0
"""Each shell gets its script, and others are refused."""

import pytest

from streamhw.__main__ import main, parser
from streamhw.cli.bash_completion import bash_script
from streamhw.cli.completion import SHELLS, script_for
from streamhw.cli.zsh_completion import zsh_script

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed(shell: str, capsys: Capture) -> None:
    assert main(["--print-completion", shell]) == 0
    assert capsys.readouterr().out == script_for(shell, parser())


def test_of_the_shell() -> None:
    assert script_for("bash", parser()) == bash_script(parser())
    assert script_for("zsh", parser()) == zsh_script(parser()) != bash_script(parser())


def test_other_shells_are_refused(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["--print-completion", "fish"])
    assert "invalid choice: 'fish'" in capsys.readouterr().err
