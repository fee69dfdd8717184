# SPDX-License-Identifier: Apache-2.0
"""What is published works where there is no checkout: the sources, and the wheel made from them."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
GENERATED = (".*", "build", "*.egg-info", "__pycache__")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both archives, made from a copy: setuptools writes beside its sources."""
    folder = tmp_path_factory.mktemp("distribution")
    shutil.copytree(ROOT, folder / "copy", symlinks=True, ignore=shutil.ignore_patterns(*GENERATED))
    shutil.copytree(ROOT / ".ci", folder / "copy" / ".ci")
    subprocess.run([sys.executable, "-m", "venv", folder / "tools"], check=True)
    tool = folder / "tools" / "bin" / "python"
    subprocess.run([tool, "-m", "pip", "install", "-q", "build"], check=True)
    command = [tool, "-m", "build", "-o", folder / "made", folder / "copy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "made"


@pytest.mark.slow
def test_sources_have_what_the_tests_read(made: Path) -> None:
    (archive,) = made.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        found = {name.partition("/")[2] for name in opened.getnames()}
    wanted = {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", ".ci/run"}
    for folder in ("boards", "docs", "scripts", "sim", "streamhw", "tests"):
        wanted |= {
            str(file.relative_to(ROOT))
            for file in (ROOT / folder).rglob("*")
            if file.is_file() and file.suffix != ".pyc"
        }
    # The source tree reaches these two by links; archives have them once.
    linked = ("streamhw/sim/", "streamhw/boards/")
    assert {name for name in wanted - found if not name.startswith(linked)} == set()


@pytest.mark.slow
def test_the_wheel_works_outside_a_checkout(made: Path, tmp_path: Path) -> None:
    (wheel,) = made.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", f"{wheel}[sim]"], check=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = [
        "-m",
        "streamhw",
        "-q",
        "run",
        "gpt2-shakespeare",
        "--prompt",
        "ROMEO.",
        "--tokens",
        "4",
    ]

    def said(python: Path | str, *more: str, **options: Any) -> bytes:
        return subprocess.run(
            [python, *answer, *more], check=True, stdout=subprocess.PIPE, **options
        ).stdout

    assert said(python, "--check", cwd=tmp_path, env=environment) == said(sys.executable, "--fast")
    (package,) = (tmp_path / "venv").glob("lib/*/site-packages/streamhw")
    assert (package / "py.typed").is_file()
