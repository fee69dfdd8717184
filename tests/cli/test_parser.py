# SPDX-License-Identifier: Apache-2.0
"""A misspelt command, option or choice gets a hint; a strange one does not."""

import pytest

from streamhw.__main__ import main


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (["biuld", "gpt2"], "build"),
        (["run", "gpt2", "--prompt", "a", "--tokes", "3"], "--tokens"),
        (["list", "model"], "models"),
        (["build", "gpt2", "--fifo", "conservativ"], "conservative"),
        (["build", "gtp2"], "gpt2"),
        (["build", "gpt2-shakespeare", "--board", "u50c"], "u55c"),
        (["build", "gpt2-shakespeare", "--from", "lowr"], "lower"),
        (["run", "gpt2-shakespeare", "--prompt", "a", "--memory", "idael"], "ideal"),
        (["build", "gpt2-shakespeare", "--quant", "w4a8+mlp_uot"], "mlp_out"),
    ],
)
def test_hints(typed: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = main(typed)
    except SystemExit as end:  # of argparse
        code = end.code
    out, error = capsys.readouterr()
    assert (code, out) == (2, "")
    assert error.splitlines()[-1].startswith("hint: did you mean ") and hint in error


def test_no_hint(capsys: pytest.CaptureFixture[str]) -> None:
    for typed in (["zzz"], ["list", "models", "--zzz"]):
        with pytest.raises(SystemExit):
            main(typed)
        assert "hint" not in capsys.readouterr().err
