# SPDX-License-Identifier: Apache-2.0
"""Tables that fit: columns go by importance, cells stay whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from streamhw.report.fitted_table import FittedTable, TableColumn, numbers, words

FRAMES = re.compile(r"[─-╿]")


def shown(table: FittedTable, wide: int) -> str:
    console = Console(width=wide, markup=False, emoji=False, highlight=False)
    with console.capture() as text:
        console.print(table)
    return text.get()


def sample() -> FittedTable:
    table = FittedTable(
        [
            *words("name"),
            *numbers("cycles"),
            *numbers("bits of all", keeps=2),
            *words("kind", keeps=1),
            *words("says", running=True),
        ],
        caption="cycles of a layer",
    )
    table.add_row("attention_scores", "1,234,567", "88", "Scores", "one word and many another")
    table.add_row("norm", "5", "1,000", "Norm", "")
    return table


@pytest.mark.parametrize(
    ("wide", "there"),
    [
        (100, {"bits of all", "kind"}),
        (64, {"bits of all", "kind"}),
        (56, {"bits of all"}),
        (48, set()),
    ],
)
def test_what_matters_least_goes_first(wide: int, there: set[str]) -> None:
    text = shown(sample(), wide)
    heads = FRAMES.sub(" ", text.split("attention")[0])
    for name in ("bits of all", "kind"):
        assert all(word in heads for word in name.split()) is (name in there), text
    gone = [name for name in ("bits of all", "kind") if name not in there]
    assert (f"with --wide: {', '.join(gone)}" in " ".join(text.split())) is bool(gone)
    assert "attention_scores" in text and "1,234,567" in text
    assert max(map(len, text.splitlines())) <= wide


@given(wide=st.integers(40, 140), cells=st.lists(st.integers(0, 10**9), min_size=1, max_size=6))
def test_numbers_are_never_cut(wide: int, cells: list[int]) -> None:
    table = FittedTable([*words("name"), *(c for n in "abcdef" for c in numbers(n, keeps=1))])
    table.add_row("sum", *(f"{n:,}" for n in (cells * 6)[:6]))
    text = shown(table, wide)
    assert max(map(len, text.splitlines())) <= wide
    found = FRAMES.sub(" ", text).split("with --wide")[0].split()
    assert found[0] == "name" and {w for w in found if w[0].isdigit()} <= {f"{n:,}" for n in cells}


def test_a_name_that_is_too_long_alone_goes_on() -> None:
    table = FittedTable([*words("name"), *numbers("bits")])
    table.add_row("x" * 60, "12")
    text = shown(table, 40)
    assert text.count("x") == 60 and "12" in text and "…" not in text
    assert max(map(len, text.splitlines())) <= 40


def test_headings_are_whole_where_there_is_room() -> None:
    table = FittedTable(numbers("first token, ms", "all"))
    table.add_row("1", "2")
    assert "first token, ms" in shown(table, 40)
    assert "first token, ms" not in shown(table, 16)


def test_no_heading_where_no_column_has_a_name() -> None:
    table = FittedTable([TableColumn(""), TableColumn("", number=True)])
    table.add_row("prompt", "3 tokens")
    assert len(shown(table, 80).splitlines()) == 3


def test_rows_have_a_cell_a_column() -> None:
    with pytest.raises(ValueError, match=r"^A row must have 5 cells, one a column, not 1$"):
        sample().add_row("alone")
