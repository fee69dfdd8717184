# SPDX-License-Identifier: Apache-2.0
"""Tests mirror the tree: each module of these folders has its test file."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MIRRORED = ("compiler", "kernels", "peripherals", "reference", "report", "runtime", "stream")


def modules(folder: str) -> dict[str, Path]:
    """Modules of a folder by their path below streamhw/, and where the test of each must be."""
    source = ROOT / "streamhw"
    found = {}
    for file in sorted((source / folder).rglob("*.py")):
        if file.name != "__init__.py":
            path = file.relative_to(source)
            found[str(path.with_suffix(""))] = ROOT / "tests" / path.parent / f"test_{file.name}"
    return found


@pytest.mark.parametrize("folder", MIRRORED)
def test_each_module_has_its_test_file(folder: str) -> None:
    assert [name for name, test in modules(folder).items() if not test.is_file()] == []


@pytest.mark.parametrize("folder", MIRRORED)
def test_a_test_file_holds_tests(folder: str) -> None:
    for name, test in modules(folder).items():
        assert "def test_" in test.read_text(), f"the test of {name} must test something"


def test_a_class_name_stands_once() -> None:
    """One class name, one meaning; those with an underscore are of one file."""
    found: dict[str, list[str]] = {}
    for folder in ("streamhw", "sim", "boards", "scripts"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found.setdefault(node.name, []).append(f"{file.relative_to(ROOT)}")
    assert {name: files for name, files in found.items() if len(files) > 1} == {}
