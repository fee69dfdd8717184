# SPDX-License-Identifier: Apache-2.0
"""Estimates of every kernel and part, held to the errors of docs/resource_fits.md."""

import json
import math
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
DATA = json.loads((ROOT / "docs" / "resource_fits.json").read_text())
MOST = {"luts": 0.22, "ffs": 0.2}
"""Errors that no part has, whatever the table says: a fit that is worse is to be mended."""
ELSEWHERE = {"PaddingRemover", "Passthrough", "RegisterSlice", "WordCutter"}
"""Parts of boards with several dies or narrow parameters, which no design of the grid has."""


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return run_path(str(ROOT / "scripts" / "fit_resources.py"))


@pytest.fixture(scope="module")
def errors(script: dict[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
    """Of today's estimates, against the counts that are kept."""
    found: dict[str, dict[str, dict[str, float]]] = script["errors"](DATA["counts"])
    return found


def test_estimates_are_as_near_as_the_table_says(
    errors: dict[str, dict[str, dict[str, float]]],
) -> None:
    assert {f: set(k) for f, k in errors.items()} == {f: set(k) for f, k in DATA["errors"].items()}
    for family, kinds in errors.items():
        for kind, row in kinds.items():
            told = DATA["errors"][family][kind]
            for cell in ("luts", "ffs"):
                assert abs(row[cell]) <= abs(told[cell]) + 1e-3, (family, kind, cell)
            assert row == pytest.approx(told, abs=1e-3), (family, kind)


def test_no_error_is_large() -> None:
    for family, kinds in DATA["errors"].items():
        for kind, row in kinds.items():
            for cell, most in MOST.items():
                assert abs(row[cell]) <= most, (family, kind, cell)


def test_every_kind_of_part_is_in_the_grid() -> None:
    """All kernels and infrastructure that state resources."""
    told = {kind for kinds in DATA["errors"].values() for kind in kinds}
    source = ROOT / "streamhw"
    stated = set()
    for folder in ("kernels", "compiler/ir/infrastructure"):
        for file in (source / folder).rglob("*.py"):
            text, name = file.read_text(), ""
            for line in text.splitlines():
                if line.startswith("class "):
                    name = line.removeprefix("class ").split("(")[0].rstrip(":")
                if line.startswith("    def resources(self)") and name.endswith("Spec"):
                    stated.add(name.removesuffix("Spec"))
    assert stated - {"Infrastructure"} - ELSEWHERE <= told


def test_the_page_is_the_table(script: dict[str, Any]) -> None:
    assert (ROOT / "docs" / "resource_fits.md").read_text() == script["page"](DATA)
    assert DATA["tool"].startswith("Yosys ")


def test_an_error_is_a_share_of_the_larger(script: dict[str, Any]) -> None:
    error = script["error"]
    assert error(1000, 1250) == 0.2 and error(1250, 1000) == -0.2
    assert error(0, 20) == 0.1 and error(20, 20) == 0
    assert math.isclose(error(4000, 3000), -0.25)
