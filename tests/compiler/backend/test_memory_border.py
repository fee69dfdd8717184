# SPDX-License-Identifier: Apache-2.0
"""The border of a design: a guard for each direction of each port, and distances between dies."""

from dataclasses import replace

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring

from streamhw.boards.base import Budget, Die
from streamhw.compiler.backend.memory_border import boundaries_between, memory_border
from streamhw.compiler.backend.reset_tree import ResetTree
from streamhw.compiler.backend.top import Accelerator
from streamhw.compiler.floorplan.top_overhead import CONTROL, FAULT_RECORD, guards
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.ir.serving import is_dma, is_write_dma

EMPTY = Budget(luts=0, ffs=0, dsps=0, block_ram=0, ultra_ram=0)


def border(design: PlacedNetlist) -> set[str]:
    components: dict[str, wiring.Component] = {
        i.name: i.part.create() for i in design.instances if is_dma(i)
    }
    m = Module()
    resets = ResetTree(m, design, Signal(), "steady")
    found = memory_border(m, design, Accelerator(design), components, resets)
    return {f"{design.board.ports[guard.port].name}_{guard.kind}_guard" for guard in found}


def test_every_direction_of_a_port_has_a_guard(design: PlacedNetlist) -> None:
    """Those that placement counts cells for."""
    counted = set(guards(design, design.placement.ports)) - {FAULT_RECORD}
    assert border(design) == counted == {"mem0_read_guard", "mem0_write_guard"}
    (port,) = design.board.ports
    two = replace(design.board, ports=(port, replace(port, name="mem1")))
    places = {
        i.name: ("mem1",) if is_write_dma(i) else ("mem0",) for i in design.instances if is_dma(i)
    }
    split = replace(design, board=two, placement=replace(design.placement, ports=places))
    assert border(split) == {"mem0_read_guard", "mem1_write_guard"}


def test_distances(design: PlacedNetlist) -> None:
    board = design.board
    dies = tuple(
        Die(name=name, budget=budget, memory=name == "low")
        for name, budget in (("low", board.budget), ("mid", EMPTY), ("high", EMPTY))
    )
    where = {name: ("high",) if name == CONTROL else ("low",) for name in design.placement.dies}
    apart = replace(
        design,
        board=replace(board, dies=dies),
        placement=replace(design.placement, dies=where),
    )
    dma = next(i.name for i in design.instances if is_dma(i))
    assert boundaries_between(apart, dma) == 2
    assert boundaries_between(apart, dma, "mid") == 1
    assert boundaries_between(apart, CONTROL, "low") == 2
