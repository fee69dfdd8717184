# SPDX-License-Identifier: Apache-2.0
"""A run that was interrupted goes on from its last checkpoint to the same tokens and cycles."""

from pathlib import Path

import pytest

from streamhw.__main__ import INTERRUPTED, main
from streamhw.report.measured import Measured
from streamhw.sim.checkpoint import Checkpoint
from tests.tiny import write_tiny


def test_interrupted_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    choices = [str(write_tiny(tmp_path / "tiny")), "--quant", "w8a8", "--multipliers", "32"]
    run = ["run", *choices, "--prompt", "5 9 33", "--tokens", "5", "--check", "--memory", "hbm2"]
    folder = tmp_path / "build" / "tiny-sim"

    def told() -> tuple[Measured | None, str]:
        """What was measured, and the table from its row of checked beats on."""
        text = capsys.readouterr().out
        return Measured.load(folder), text[text.index("checked") :]

    assert main(run) == 0
    whole = told()
    assert whole[0] is not None and whole[0].memory == "hbm2"
    (use,) = whole[0].channels.values()
    assert use.read_bytes > 0 and use.row_misses > 0 and 0 < use.peak < use.busy <= 1

    saves = 0
    save = Checkpoint.save

    def interrupted(checkpoint: Checkpoint, path: Path) -> None:
        nonlocal saves
        save(checkpoint, path)
        saves += 1
        if saves == 2:
            raise KeyboardInterrupt

    # Two checkpoints are enough for some tokens of five, or the test shows nothing.
    every = sum(whole[0].token_cycles) // 3
    keep = ["--checkpoint", "state", "--every", str(every)]
    monkeypatch.setattr(Checkpoint, "save", interrupted)
    assert main([*run, *keep]) == INTERRUPTED
    capsys.readouterr()
    monkeypatch.setattr(Checkpoint, "save", save)
    assert main([*run, "--resume", "state"]) == 0
    assert told() == whole

    assert main([*run[:-2], "--resume", "state"]) == 2
    assert "of the same model of the memory as this run" in capsys.readouterr().err
    Path("state").write_bytes(Path("state").read_bytes()[:-200])
    assert main([*run, "--resume", "state"]) == 2
    assert "must be a whole file that `run --checkpoint` wrote" in capsys.readouterr().err
    assert main([*run, "--checkpoint", "state", "--every", "0"]) == 2
    assert "must be at least 1, not 0" in capsys.readouterr().err
