# SPDX-License-Identifier: Apache-2.0
"""Kernels in pieces, where there are several dies."""

from dataclasses import replace

from streamhw.boards.base import load_board
from streamhw.compiler.floorplan.kernel_slices import pieces_of, split_parts
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.ir.netlist import Instance
from streamhw.stream.control.scope import Scope
from tests.kernels.matmul.engines import context, engine

LARGE = engine(context(inputs=64, outputs=64), rows=32, input_lanes=64, lanes=4, scale_lanes=4)


def test_one_die_has_whole_kernels(design: PlacedNetlist) -> None:
    assert all(list(pieces_of(design, instance)) == [] for instance in design.instances)
    parts = split_parts(design)
    assert parts == {i.name: i.part.resources() for i in design.instances}


def test_a_large_engine_is_in_pieces_on_several_dies(design: PlacedNetlist) -> None:
    instance = Instance("big", LARGE, Scope.BODY)
    several = replace(design, board=load_board("u55c"), instances=(instance,))
    pieces = dict(pieces_of(several, instance))
    assert list(pieces) == [f"big.{piece.name}" for piece in LARGE.pieces()] != []
    parts = split_parts(several)
    assert parts["big"] == LARGE.core()
    assert sum(p.luts for p in parts.values()) == LARGE.resources().luts
