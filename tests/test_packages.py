# SPDX-License-Identifier: Apache-2.0
"""What a wheel holds: every package of the source tree is named."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_package_is_in_the_wheel() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for file in (ROOT / "streamhw").rglob("__init__.py")
        if not any(part.is_symlink() for part in file.parents)
    }
    assert found | {"streamhw.sim", "streamhw.boards", "streamhw.boards.memory"} == set(
        told["packages"]
    )
