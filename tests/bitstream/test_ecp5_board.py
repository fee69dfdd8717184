# SPDX-License-Identifier: Apache-2.0
"""The top of a board: its PLL, and a register in the pad of each line of the memory."""

import re

import pytest

from streamhw.api.build import Build
from streamhw.bitstream.board_core import BoardCore
from streamhw.bitstream.ecp5_board import Ecp5Board
from streamhw.bitstream.flow import platform_of


@pytest.fixture(scope="module")
def text(small: Build) -> str:
    parts = small.board.parts
    assert parts is not None
    board = Ecp5Board(BoardCore(small.manifest, small.board), parts, small.board.clock_mhz)
    plan = platform_of(parts).build(board, name="board", do_build=False)
    found = plan.files["board.il"]
    return found if isinstance(found, str) else found.decode()


def cells(text: str, kind: str) -> list[str]:
    return re.findall(rf"cell \\{kind} .*?\n(.*?)\n  end", text, re.S)


def test_clocks_are_the_boards(text: str, small: Build) -> None:
    clock = small.board.clock_mhz
    (pll,) = cells(text, "EHXPLLL")
    found = {
        name: int(value) for name, value in re.findall(r"\\(\w+) (?:signed )?(\d+)$", pll, re.M)
    }
    vco = 25.0 / found["CLKI_DIV"] * found["CLKFB_DIV"] * found["CLKOP_DIV"]
    assert vco / found["CLKOP_DIV"] == pytest.approx(2 * clock)
    assert vco / found["CLKOS_DIV"] == pytest.approx(clock)
    assert vco / found["CLKOS2_DIV"] == pytest.approx(2 * clock)
    # half a cycle later than the first
    late = found["CLKOS2_CPHASE"] - found["CLKOP_CPHASE"]
    assert late / found["CLKOS2_DIV"] == 0.5


def test_lines_of_the_memory_have_registers_in_their_pads(text: str) -> None:
    commands, data, others = 5 + 2 + 13 + 2, 16, 8 + 1  # others: lamps, and what the host reads
    # one for the level, one for the direction; the clock has the second only
    assert len(cells(text, "OFS1P3DX")) == 2 * (commands + data + others) + 1
    assert len(cells(text, "IFS1P3DX")) == 16
    assert len(cells(text, "ODDRX1F")) == 1


def test_the_design_is_there_once(text: str) -> None:
    assert len(re.findall(r"cell \\top ", text)) == 1
