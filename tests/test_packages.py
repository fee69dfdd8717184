# SPDX-License-Identifier: Apache-2.0
"""What a wheel holds: every package of the source tree is named."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINKED = ("sim", "boards")


def test_every_package_is_in_the_wheel() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = set()
    for folder in ("streamhw", *LINKED):
        for file in (ROOT / folder).rglob("__init__.py"):
            parts = file.parent.relative_to(ROOT).parts
            if not (folder == "streamhw" and parts[1:2] and parts[1] in LINKED):
                found.add(".".join(parts if folder == "streamhw" else ("streamhw", *parts)))
    assert found == set(told["packages"])


def test_linters_see_the_folders_beside_the_package() -> None:
    for folder in LINKED:
        assert (ROOT / "streamhw" / folder).resolve() == ROOT / folder
