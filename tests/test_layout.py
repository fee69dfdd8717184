# SPDX-License-Identifier: Apache-2.0
"""Tests mirror the tree: each module of streams, kernels and compiler has its test file."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MIRRORED = ("stream", "kernels", "compiler")

MISSING = frozenset(
    f"compiler/{name}"
    for name in [
        "backend/amaranth_adapter/comb_cycles",
        "backend/amaranth_adapter/drivers",
        "backend/amaranth_adapter/nets",
        "backend/amaranth_adapter/ports",
        "backend/amaranth_adapter/rtlil_text",
        "backend/emit",
        "backend/top",
        "explore/evaluate",
        "explore/explore",
        "explore/intensity_driven",
        "explore/space",
        "layers/attention",
        "layers/elementwise",
        "layers/layer",
        "layers/linear",
        "layers/norm",
        "layers/result",
        "layers/rotary",
        "layers/source",
        "performance/engine_task",
        "performance/memory_supply",
        "performance/part_task",
        "sizing/fifo_program",
        "verify_types",
    ]
)
"""Modules that only benches of whole designs check so far; the list may only become shorter."""


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
    without = {name for name, test in modules(folder).items() if not test.is_file()}
    assert without - MISSING == set()


def test_the_list_of_missing_tests_is_true() -> None:
    every = {name: test for folder in MIRRORED for name, test in modules(folder).items()}
    gone, written = MISSING - set(every), {n for n in MISSING & set(every) if every[n].is_file()}
    assert (gone, written) == (set(), set()), "take them from the list"


@pytest.mark.parametrize("folder", MIRRORED)
def test_a_test_file_holds_tests(folder: str) -> None:
    for name, test in modules(folder).items():
        if test.is_file():
            assert "def test_" in test.read_text(), f"the test of {name} must test something"
