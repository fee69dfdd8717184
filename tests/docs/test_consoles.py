# SPDX-License-Identifier: Apache-2.0
"""Tutorial and how-tos: each command of their consoles prints what the page shows."""

import re
from pathlib import Path

import pytest

from tests.docs.consoles import Typed, check, consoles, printed

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page for page in DOCS.glob("*.md") if any(consoles(page)))


def test_pages_have_consoles() -> None:
    assert {page.stem for page in PAGES} == {"debug-hang", "debug-mismatch", "tutorial"}
    for page in PAGES:
        assert any(re.search(r"\w", typed.shown) for typed in consoles(page))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    for typed in consoles(page):
        output = printed(typed.command, tmp_path, timeout=900)
        print(f"$ {typed.command}\n{output}")
        check(typed, output)


def test_a_command_prints_where_it_runs(tmp_path: Path) -> None:
    output = printed("python -c 'import streamhw; print(1)'; pwd; echo late >&2", tmp_path, 60)
    assert output.split() == ["1", str(tmp_path), "late"]


@pytest.mark.parametrize("shown", ["a b\nc\n", "...\nc d\n", "a\n...\nd", ""])
def test_what_is_printed_may_be_shown(shown: str) -> None:
    check(Typed(command="x", shown=shown), "a b c\n  d\n")


@pytest.mark.parametrize("shown", ["a c\n", "c\n...\na b\n", "a b c d e\n"])
def test_what_is_not_printed_is_a_fault(shown: str) -> None:
    with pytest.raises(AssertionError, match="the page shows"):
        check(Typed(command="x", shown=shown), "a b c\n  d\n")
