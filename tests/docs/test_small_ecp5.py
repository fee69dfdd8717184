# SPDX-License-Identifier: Apache-2.0
"""The worked example of a board: a file that --board takes, and facts of the page."""

from pathlib import Path

from docs.examples.small_ecp5 import BOARD
from streamhw.boards.base import load_board

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "small_ecp5.py"


def test_the_file_is_a_board() -> None:
    board = load_board(str(EXAMPLE))
    assert board == BOARD and board.name == EXAMPLE.stem


def test_the_page_has_its_budget() -> None:
    page = (EXAMPLE.parents[1] / "own-board.md").read_text()
    assert f"of {BOARD.budget.dsps} DSPs" in page and f"of {BOARD.budget.luts:,} LUTs" in page
