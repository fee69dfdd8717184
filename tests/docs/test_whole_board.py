# SPDX-License-Identifier: Apache-2.0
"""The worked example of a whole simulated board."""

from pathlib import Path
from runpy import run_path

from streamhw.api.build import Build
from streamhw.testing.board.library import CompiledBoard
from tests.bitstream.hosts import Host

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "whole_board.py"


def test_it_answers(small: Build, small_board: CompiledBoard) -> None:
    found = run_path(str(EXAMPLE))["answer"](small, "1 2 3", 4)
    assert [token.token for token in found.tokens] == Host(small).expected((1, 2, 3), 4)
    assert found.sent == 0
