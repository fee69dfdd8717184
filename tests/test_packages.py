# SPDX-License-Identifier: Apache-2.0
"""What a wheel holds and needs: its packages, and the distributions that they import."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINKED = ("sim", "boards")
TESTING = ROOT / "streamhw" / "testing"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def distributions(requirements: list[str]) -> set[str]:
    """Names of what is required, as indexes compare them."""
    return {normal(re.split(r"[\[<>=~! ]", text)[0]) for text in requirements}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> Iterator[tuple[str, bool]]:
    """Packages that the source tree imports, and whether a module cannot be loaded without; what is
    for authors of kernels may need those of the test suite."""
    for folder in ("streamhw", "sim", "boards"):
        for file in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(file.read_text())
            for node in ast.walk(tree):
                names: list[str] = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module or ""]
                for name in names:
                    yield name.split(".")[0], node in tree.body and TESTING not in file.parents


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


def test_a_base_install_needs_what_is_imported_and_no_more() -> None:
    """No extra is needed to load a module, and no dependency is one that nothing imports."""
    found = {name: normal(packages[0]) for name, packages in packages_distributions().items()}
    own = set(sys.stdlib_module_names) | {"streamhw", "__future__"}
    always = {name for name, top in imported() if top} - own
    base = distributions(PROJECT["dependencies"])
    assert {found[name] for name in always} <= base
    ever = {name for name, _ in imported()} - own
    assert base <= {found[name] for name in ever if name in found}


def test_boards_of_amaranth_are_named_by_boards() -> None:
    """A board file names its platform; nothing else knows the package."""
    assert "amaranth-boards" in distributions(PROJECT["optional-dependencies"]["fpga"])
    assert "amaranth_boards" not in {name for name, _ in imported()}
