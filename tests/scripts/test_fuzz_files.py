# SPDX-License-Identifier: Apache-2.0
"""Hundreds of damaged model files of every kind: read, or refused in one sentence."""

from pathlib import Path
from runpy import run_path

import numpy as np

SCRIPT = run_path(str(Path(__file__).parents[2] / "scripts" / "fuzz_files.py"))


def test_damaged_files_of_every_kind(capsys) -> None:
    assert SCRIPT["fuzz"](300), capsys.readouterr().out


def test_changes_are_small_and_seeded() -> None:
    damaged = SCRIPT["damaged"]
    whole = b'{"a": 12, "b": [true, null]}' * 20
    first = [damaged(whole, np.random.default_rng(seed), text=True) for seed in range(50)]
    again = [damaged(whole, np.random.default_rng(seed), text=True) for seed in range(50)]
    assert first == again and sum(data != whole for data in first) > 40
