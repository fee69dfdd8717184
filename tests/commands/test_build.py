# SPDX-License-Identifier: Apache-2.0
"""What a build says of a context that costs much, and the option that makes it shorter."""

from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.runtime.manifest import Manifest
from tests.tiny import write_tiny

SMALL = ("--quant", "w8a8", "--multipliers", "32", "--board", "sim")


def test_a_long_context_is_said_and_can_be_shorter(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    model = write_tiny(tmp_path / "tiny", context=2048, vocabulary=8, layers=3)
    folder = tmp_path / "out"
    assert main(["build", str(model), *SMALL, "-o", str(folder)]) == 0
    said = " ".join("".join(capfd.readouterr()).split())
    assert "tiny: caches for 2,048 positions take " in said and "--context N builds for" in said
    assert main(["build", str(model), *SMALL, "-o", str(folder), "--context", "16"]) == 0
    assert "--context" not in "".join(capfd.readouterr())
    assert Manifest.load(folder).context == 16


@pytest.mark.parametrize("command", ["build", "run", "bench", "evaluate", "doctor", "explore"])
def test_a_context_that_the_model_does_not_have(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    model = write_tiny(tmp_path / "tiny")
    more = ["--prompt", "5"] if command in ("run", "explore") else []
    assert main([command, str(model), "--context", "33", *more]) == 2
    said = "error: Context of tiny must be 2 to 32 positions, as the model has, not 33"
    assert said in capfd.readouterr().err
