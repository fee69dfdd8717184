# SPDX-License-Identifier: Apache-2.0
"""Cells of memories and multipliers, by the families' data sheets."""

import pytest

from streamhw.boards.base import Budget, Family, load_board
from streamhw.compiler.floorplan.place import check_budget
from streamhw.compiler.resources.fpga_cells import (
    Cells,
    RamKind,
    cells_of,
    dsps,
    logic_cells,
    ram_cells,
    ram_kind,
    ram_options,
)
from streamhw.errors import BuildError
from streamhw.stream.spec import Memory, Resources

ECP5, XC7, XCUP = Family.ECP5, Family.SERIES_7, Family.ULTRASCALE_PLUS
LUTRAM, BLOCK, ULTRA = RamKind.DISTRIBUTED, RamKind.BLOCK, RamKind.ULTRA


@pytest.mark.parametrize(
    ("memory", "family", "kind"),
    [
        (Memory(512, 64), XCUP, LUTRAM),
        (Memory(8, 65), XCUP, BLOCK),
        (Memory(72, 4096), XCUP, ULTRA),
        (Memory(72, 4096), ECP5, BLOCK),
        (Memory(512, 512), XCUP, BLOCK),  # wide and shallow: a URAM has 4,096 words
        (Memory(72, 4096, rom=True), XCUP, BLOCK),
        (Memory(32, 4096, asynchronous=True), XCUP, LUTRAM),
    ],
)
def test_kinds(memory: Memory, family: Family, kind: RamKind) -> None:
    assert ram_kind(memory, family) is kind


@pytest.mark.parametrize(
    ("memory", "family", "kinds"),
    [
        (Memory(8, 64), XCUP, {LUTRAM}),
        (Memory(8, 65), XCUP, {LUTRAM, BLOCK, ULTRA}),
        (Memory(8, 65), ECP5, {LUTRAM, BLOCK}),
        (Memory(8, 65), XC7, {LUTRAM, BLOCK}),
        (Memory(8, 513), XCUP, {BLOCK, ULTRA}),
        (Memory(8, 513, asynchronous=True), XCUP, {LUTRAM}),
        (Memory(8, 275, rom=True), XCUP, {LUTRAM, BLOCK}),
    ],
)
def test_what_a_memory_may_be_made_of(memory: Memory, family: Family, kinds: set[RamKind]) -> None:
    assert set(ram_options(memory, family)) == kinds


@pytest.mark.parametrize(
    ("memory", "family", "cells"),
    [
        (Memory(72, 512), XCUP, Cells(block_ram=1)),
        (Memory(72, 512), XC7, Cells(block_ram=1)),
        (Memory(73, 512), XCUP, Cells(block_ram=2)),
        (Memory(512, 512), XCUP, Cells(block_ram=8)),
        (Memory(18, 2048), XCUP, Cells(block_ram=1)),
        (Memory(8, 100), XCUP, Cells(block_ram=1)),
        (Memory(8, 100, readers=2), XCUP, Cells(block_ram=2)),
        (Memory(36, 275, readers=2, rom=True), XCUP, Cells(block_ram=1)),
        (Memory(37, 275, readers=2, rom=True), XCUP, Cells(block_ram=2)),
        (Memory(72, 4096), XCUP, Cells(ultra_ram=1)),
        (Memory(144, 4097), XCUP, Cells(ultra_ram=4)),
        (Memory(14, 32, asynchronous=True), XCUP, Cells(luts=8)),
        (Memory(14, 64), XCUP, Cells(luts=16, ffs=14)),
        (Memory(6, 32, asynchronous=True), XC7, Cells(luts=4)),
        (Memory(7, 64), XC7, Cells(luts=12, ffs=7)),
        (Memory(3, 128, asynchronous=True), XC7, Cells(luts=8 + 3)),
        (Memory(14, 64, readers=2, asynchronous=True), XCUP, Cells(luts=32)),
        (Memory(7, 128, asynchronous=True), XCUP, Cells(luts=16 + 7)),
        (Memory(36, 512), ECP5, Cells(block_ram=1, luts=72, ffs=72)),
        (Memory(1, 16384, rom=True), ECP5, Cells(block_ram=1)),
        (Memory(18, 2048), ECP5, Cells(block_ram=2, luts=36, ffs=36)),
        (Memory(4, 16), ECP5, Cells(luts=6, ffs=4)),
    ],
)
def test_memories(memory: Memory, family: Family, cells: Cells) -> None:
    assert ram_cells(memory, family) == cells + Cells(memory_bits=memory.bits)


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
        ((25, 18), XC7, 1),
        ((26, 18), XC7, 2),
        ((18, 18), XC7, 1),
    ],
)
def test_multipliers(operands: tuple[int, int], family: Family, count: int) -> None:
    assert dsps(operands, family) == count


def test_wide_luts_hold_multiplexers_and_some_hold_delays() -> None:
    part = Resources(luts=5, ffs=5, muxes=100, delays=((10, 2), (2, 40)))
    assert logic_cells(part, ECP5) == Cells(luts=5 + 90, ffs=5 + 20 + 80)
    assert logic_cells(part, XCUP) == Cells(luts=5 + 22 + 2 * 2, ffs=5 + 20)


def test_a_part_is_the_sum_of_its_resources() -> None:
    part = Resources(luts=5, ffs=7, multipliers=((8, 8), (28, 18)), memories=(Memory(72, 512),) * 2)
    assert logic_cells(part, XCUP) == Cells(luts=5, ffs=7, dsps=3)
    assert cells_of(part, XCUP) == Cells(
        luts=5, ffs=7, dsps=3, block_ram=2, memory_bits=2 * 72 * 512
    )


def test_fill_of_a_budget() -> None:
    budget = Budget(luts=100, ffs=200, dsps=10, block_ram=4)
    cells = Cells(luts=10, ffs=10, block_ram=1)
    assert cells.fill(budget) == 0.25
    assert Cells(ultra_ram=1).fill(budget) > 1  # of which there is none


def test_budget_names_what_exceeds_and_by_how_much() -> None:
    board = load_board("ulx3s")
    check_budget(board, Cells(luts=83_640, dsps=156), "m")
    with pytest.raises(
        BuildError,
        match=r"^Model m must fit on board ulx3s, but needs 157 DSPs of 156 \(1 too many\), "
        r"210 block RAMs of 208 \(2 too many\)$",
    ):
        check_budget(board, Cells(dsps=157, block_ram=210), "m")


def test_adders_behind_multipliers_are_in_the_blocks_of_some_families() -> None:
    part = Resources(luts=5, ffs=7, dsp_luts=30, dsp_ffs=40)
    assert logic_cells(part, XCUP) == Cells(luts=5, ffs=7)
    assert logic_cells(part, ECP5) == Cells(luts=35, ffs=47)
