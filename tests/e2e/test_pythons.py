# SPDX-License-Identifier: Apache-2.0
"""Every release of Python writes the same Verilog. Each that the machine has is tried."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]


def interpreter(release: str) -> Path | None:
    """A Python of that release: on the path, or one that pyenv has."""
    found = [shutil.which(f"python{release}")]
    if shutil.which("pyenv"):
        root = _said("pyenv", "root")
        versions = _said("pyenv", "versions", "--bare").split()
        fitting = [version for version in versions if version.startswith(f"{release}.")]
        found += [f"{root}/versions/{version}/bin/python" for version in reversed(fitting)]
    for path in found:
        if path is not None and _said(path, "-c", "print('works')") == "works":
            return Path(path)
    return None


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, encoding="utf-8").stdout.strip()


def built(python: Path, folder: Path) -> bytes:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "STREAMHW_CACHE": f"{folder}-cache"}
    command = ["-m", "streamhw", "-q", "build", "gpt2-shakespeare", "--board", "sim", "-o", folder]
    subprocess.run([python, *command], check=True, cwd=folder.parent, env=environment)
    return (folder / "top.v").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("release", ["3.11", "3.12", "3.13"])
def test_the_same_verilog(release: str, tmp_path: Path) -> None:
    other = interpreter(release)
    if other is None or release == f"{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip(f"This machine has no other Python {release}")
    subprocess.run([other, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    installed = subprocess.run([python, "-m", "pip", "install", "-q", *DEPENDENCIES])
    if installed.returncode:
        pytest.skip(f"The package index has not all that Python {release} needs")
    assert built(python, tmp_path / "other") == built(Path(sys.executable), tmp_path / "own")
