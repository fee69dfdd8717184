# SPDX-License-Identifier: Apache-2.0
"""Cells of memories and multipliers, by the families' data sheets."""

import pytest
from streamhw.boards.base import Family, load_board

from streamhw.compiler.cost import Cells, RamKind, cells_of, dsps, ram_cells, ram_kind
from streamhw.compiler.place import check_budget
from streamhw.errors import BuildError
from streamhw.kernels.base import Memory, Resources

ECP5, XCUP = Family.ECP5, Family.ULTRASCALE_PLUS


@pytest.mark.parametrize(
    ("width", "depth", "family", "kind"),
    [
        (512, 64, XCUP, RamKind.DISTRIBUTED),
        (8, 65, XCUP, RamKind.BLOCK),
        (72, 4096, XCUP, RamKind.ULTRA),
        (72, 4096, ECP5, RamKind.BLOCK),
        (512, 512, XCUP, RamKind.BLOCK),  # wide and shallow: a URAM has 4,096 words
    ],
)
def test_kinds(width: int, depth: int, family: Family, kind: RamKind) -> None:
    assert ram_kind(Memory(width, depth), family) is kind


@pytest.mark.parametrize(
    ("width", "depth", "family", "cells"),
    [
        (72, 512, XCUP, Cells(block_ram=1)),
        (73, 512, XCUP, Cells(block_ram=2)),
        (512, 512, XCUP, Cells(block_ram=8)),
        (18, 2048, XCUP, Cells(block_ram=1)),
        (8, 100, XCUP, Cells(block_ram=1)),
        (72, 4096, XCUP, Cells(ultra_ram=1)),
        (144, 4097, XCUP, Cells(ultra_ram=4)),
        (14, 32, XCUP, Cells(luts=8)),
        (14, 64, XCUP, Cells(luts=16)),
        (36, 512, ECP5, Cells(block_ram=1)),
        (1, 16384, ECP5, Cells(block_ram=1)),
        (18, 2048, ECP5, Cells(block_ram=2)),
        (4, 16, ECP5, Cells(luts=6)),
    ],
)
def test_memories(width: int, depth: int, family: Family, cells: Cells) -> None:
    assert ram_cells(Memory(width, depth), family) == cells + Cells(memory_bits=width * depth)


@pytest.mark.parametrize(
    ("operands", "family", "count"),
    [
        ((8, 4), XCUP, 1),
        ((27, 18), XCUP, 1),
        ((18, 27), XCUP, 1),
        ((28, 18), XCUP, 2),
        ((18, 18), ECP5, 1),
        ((19, 18), ECP5, 2),
        ((36, 36), ECP5, 4),
    ],
)
def test_multipliers(operands: tuple[int, int], family: Family, count: int) -> None:
    assert dsps(operands, family) == count


def test_a_part_is_the_sum_of_its_resources() -> None:
    part = Resources(luts=5, ffs=7, multipliers=((8, 8), (28, 18)), memories=(Memory(72, 512),) * 2)
    assert cells_of(part, XCUP) == Cells(
        luts=5, ffs=7, dsps=3, block_ram=2, memory_bits=2 * 72 * 512
    )


def test_budget_names_what_exceeds_and_by_how_much() -> None:
    board = load_board("ulx3s")
    check_budget(board, Cells(luts=83_640, dsps=156), "m")
    with pytest.raises(
        BuildError,
        match=r"^Model m must fit on board ulx3s, but needs 157 DSPs of 156 \(1 too many\), "
        r"210 block RAMs of 208 \(2 too many\)$",
    ):
        check_budget(board, Cells(dsps=157, block_ram=210), "m")
