# SPDX-License-Identifier: Apache-2.0
"""Kernels that are too large alone are named, with what is short."""

from dataclasses import replace

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.fusion.fit import check_kernels
from streamhw.compiler.fusion.problem import Kernel, Problem
from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.errors import DoesNotFitError

PROBLEM = Problem(
    kernels=(Kernel("a", ("small", "large")),),
    edges=(),
    parts={"small": Cells(luts=3), "large": Cells(luts=1_500, dsps=9)},
    limit=Cells(luts=1_000, dsps=10),
)


def test_a_part_without_room_is_named() -> None:
    board = load_board("sim")
    text = rf"Kernel large must fit on board {board.name} alone, but needs 1,500 LUTs of 1,000"
    with pytest.raises(DoesNotFitError, match=text + r" \(500 too many\)"):
        check_kernels(PROBLEM, board)


def test_parts_that_fit_pass() -> None:
    check_kernels(replace(PROBLEM, limit=Cells(luts=1_500, dsps=9)), load_board("sim"))
