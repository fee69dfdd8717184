# SPDX-License-Identifier: Apache-2.0
"""Recorded dumps of a tiny design after each stage that changes its parts or streams.

After a wanted change: ``pytest tests/compiler/test_text_dump.py --update-dumps`` and ``git diff``.
"""

from pathlib import Path

import pytest

from streamhw.compiler.text_dump import dump
from streamhw.report.edges import find_edge
from streamhw.report.explain import explain
from streamhw.report.facts_of_design import gather
from tests.compiler.conftest import Compiled

DUMPS = Path(__file__).parent / "dumps"

CASES = {
    "tiny_lower": {"stop": "lower"},
    "tiny_convert": {"stop": "convert"},
    "tiny_size": {"stop": "size"},
    "tiny_placed": {},
    "mixed_lower": {"stop": "lower", "head_bits": 8},
}
"""By name of the dump: up to which stage, and other choices."""


EXPLAINED = ("residual_1_i_b", "residual_1_i_a")
"""Edges of the placed design that are explained in ``tiny_explain``."""


@pytest.mark.parametrize("name", CASES)
def test_dump(name: str, compiled: Compiled, request: pytest.FixtureRequest) -> None:
    _compare(name, dump(compiled(**CASES[name])), request)


def test_explanations(compiled: Compiled, request: pytest.FixtureRequest) -> None:
    facts = gather(compiled(), "checkpoint")
    lines = []
    for name in EXPLAINED:
        for section in explain(find_edge(facts, name), facts):
            lines += [section.title, *(f"  {line}" for line in section.lines)]
    _compare("tiny_explain", "\n".join(lines) + "\n", request)


def _compare(name: str, text: str, request: pytest.FixtureRequest) -> None:
    file = DUMPS / f"{name}.txt"
    if request.config.getoption("--update-dumps"):
        DUMPS.mkdir(exist_ok=True)
        file.write_text(text)
    assert text.splitlines() == file.read_text().splitlines()


def test_every_dump_has_its_case() -> None:
    assert {file.stem for file in DUMPS.iterdir()} == {*CASES, "tiny_explain"}


def test_lines_stand_alone(compiled: Compiled) -> None:
    """No line depends on the width of another, so that a change shows where it is."""
    lines = dump(compiled()).splitlines()
    assert all(line.replace("  to   ", "  to ").lstrip().count("  ") == 0 for line in lines)
    assert len(lines) > 100
