# SPDX-License-Identifier: Apache-2.0
"""Wishes: a board recommends them, a build changes them, and no stage changes the board."""

import pytest

from streamhw.boards.base import load_board
from streamhw.boards.target import DesignTarget
from streamhw.compiler.config import BuildConfig
from tests.boards.targets import with_target


@pytest.mark.parametrize("name", ["sim", "ulx3s", "u55c"])
def test_a_build_that_asks_for_nothing_takes_what_the_board_recommends(name: str) -> None:
    board = load_board(name)
    assert BuildConfig().target(board.target) == board.target


def test_what_is_asked_for_goes_before() -> None:
    recommended = load_board("u55c").target
    asked = BuildConfig(multipliers=64, token_batch=2).target(recommended)
    assert (asked.multipliers, asked.token_batch) == (64, 2)
    assert asked.prefetch == recommended.prefetch == 4096


def test_targets_are_plain_data() -> None:
    one = DesignTarget(multipliers=8, token_batch=2, lanes=4)
    assert {one, DesignTarget(multipliers=8, token_batch=2, lanes=4)} == {one}
    assert with_target("sim", lanes=2) != load_board("sim")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"multipliers": 48}, "Target multipliers must be a power of two, not 48"),
        ({"token_batch": 1}, "Target token_batch must be a whole number of at least 2, not 1"),
        (
            {"prefetch": 15},
            "Target prefetch must be a whole number from 16 to 1,048,576, not 15",
        ),
        (
            {"cache_buffer": 1},
            "Target cache_buffer must be a whole number from 16 to 1,048,576, not 1",
        ),
    ],
)
def test_targets_that_no_design_has(wrong: dict[str, int], said: str) -> None:
    sizes = {"multipliers": 8, "token_batch": 2, "lanes": 4, **wrong}
    with pytest.raises(ValueError, match=f"^{said}$"):
        DesignTarget(**sizes)
