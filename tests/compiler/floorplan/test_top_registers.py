# SPDX-License-Identifier: Apache-2.0
"""Registers that the top adds: those of the plan are those of the Verilog."""

import re
from dataclasses import replace

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.floorplan.top_registers import (
    boundaries_between,
    bus_crossing,
    registers_of_top,
    reset_latency,
    reset_register,
)
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.ir.serving import dmas, is_write_dma
from tests.compiler.larger_boards import of_dies, striped


def apart(design: PlacedNetlist, die: str) -> PlacedNetlist:
    """The design with all parts on a die, and memory at another."""
    placement = replace(design.placement, dies=dict.fromkeys(design.placement.dies, (die,)))
    return replace(design, board=of_dies(design.board, ("low", "high")), placement=placement)


def test_latency_is_a_fact_of_the_board() -> None:
    sim = load_board("sim")
    assert {name: reset_latency(load_board(name)) for name in ("sim", "ulx3s", "u55c")} == {
        "sim": 0,
        "ulx3s": 0,
        "u55c": 5,
    }
    assert reset_latency(striped(sim)) == 1
    assert reset_latency(of_dies(sim, ("low", "high"))) == 3


def test_a_small_board_has_none(design: PlacedNetlist) -> None:
    assert registers_of_top(design) == {}


@pytest.mark.parametrize("die", ["low", "high"])
def test_those_of_the_verilog(design: PlacedNetlist, die: str) -> None:
    """Also where all DMAs are on another die than memory: each bus has its crossings."""
    placed = apart(design, die)
    found = registers_of_top(placed)
    body = emit(placed).verilog
    body = body[body.index("module top(") :]
    cells = set(re.findall(r"^  (?:\\\S+ |\S+) +(\S+) \($", body, re.M))
    parts = {i.name for i in design.instances}
    added = {c for c in cells - parts if c.startswith("reset_") or c.endswith("_crossing")}
    assert added == set(found) and added
    far = {name for name, dies in found.items() if len(dies) > 1}
    buses = {
        bus_crossing(dma.name, channel)
        for dma in dmas(design.instances)
        for channel in (("aw", "w", "b") if is_write_dma(dma) else ("ar", "r"))
    }
    assert far == (set() if die == "low" else buses | {reset_register("low")})
    assert boundaries_between(placed, design.instances[0].name, "low") == (die == "high")
