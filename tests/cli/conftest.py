# SPDX-License-Identifier: Apache-2.0
"""One build of a tiny model for all commands that look at a build; tests must not change it."""

from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.compiler.backend.build_dir import read_build
from streamhw.report.facts import Facts
from streamhw.report.facts_of_design import gather
from tests.tiny import write_tiny

CHOICES = ("--quant", "w8a8", "--multipliers", "32")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("built")
    model = write_tiny(home / "tiny")
    assert main(["build", "-q", str(model), *CHOICES, "-o", str(home / "out")]) == 0
    return home / "out"


def facts_of(folder: Path) -> Facts:
    """What the commands know of a build."""
    manifest, design = read_build(folder)
    return gather(design, manifest.weights)
