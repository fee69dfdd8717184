# SPDX-License-Identifier: Apache-2.0
"""The placement on dies as Tcl and XDC: every cell of the Verilog has its place, as planned."""

import re

from streamhw.api.build import Build
from streamhw.compiler.floorplan.top_overhead import queue_owner
from streamhw.vitis.floorplan import CellPlan, cell_plan, floorplan_script, kernel_constraints
from tests.vitis.tcl import commands, words


def cells_of_top(card: Build) -> set[str]:
    text = card.verilog.read_text()
    body = text[text.index("module top(") :]
    body = body[: body.index("\nendmodule")]
    return set(re.findall(r"^  (?:\\\S+ |\S+) +(\S+) \($", body, re.M))


def test_every_cell_of_the_verilog_has_its_place(card: Build) -> None:
    plan = cell_plan(card.netlist)
    assert set(plan.dies) == {0, 1} and plan.crossings
    placed = [cell for cells in plan.dies.values() for cell in cells]
    assert len(placed) == len(set(placed))
    named = {cell for cell in placed if "/" not in cell} | set(plan.crossings)
    assert cells_of_top(card) - named == {"identity"} & cells_of_top(card)


def test_parts_are_where_the_compiler_put_them(card: Build) -> None:
    design = card.netlist
    plan = cell_plan(design)
    where = {cell: number for number, cells in plan.dies.items() for cell in cells}
    names = [die.name for die in design.board.stack]
    for name, dies in design.placement.dies.items():
        if len(dies) > 1:
            assert name in plan.crossings and name not in where
        elif "." not in name:
            assert names[where[name]] == dies[0]
    for channel in design.channels:
        if design.queues[channel.name]:
            sink = design.placement.dies[channel.sink.instance][0]
            assert names[where[queue_owner(channel.name)]] == sink


def test_the_script_places_the_plan(card: Build) -> None:
    plan = cell_plan(card.netlist)
    lines = commands(floorplan_script(plan))
    placed = {int(line[1]): tuple(words(line[2])) for line in lines if line[0] == "place_on"}
    assert placed == plan.dies
    (loop,) = (line for line in lines if line[0] == "foreach")
    assert tuple(words(loop[2])) == plan.crossings
    assert ["set", "top", "*/streamhw_1/inst/design/top"] in lines
    defined = {line[1]: line for line in lines if line[0] == "proc"}
    assert set(defined) == {"cells_of", "pblock_of", "place_on"}
    inner = [line for each in defined.values() for line in commands(each[3])]
    assert ["set", "made", "[create_pblock pblock_streamhw_SLR$die]"] in inner
    assert ["resize_pblock", "$made", "-add", "SLR$die"] in inner


def test_constraints_keep_what_the_script_names(card: Build) -> None:
    plan = cell_plan(card.netlist)
    lines = commands(kernel_constraints(plan))
    kept = {re.fullmatch(r"\[get_cells -quiet \{(\S+)\}\]", line[3]) for line in lines}
    named = {cell for cells in plan.dies.values() for cell in cells} | set(plan.crossings)
    assert {found[1] for found in kept if found} == {f"design/top/{cell}" for cell in named}
    assert {tuple(line[:3]) for line in lines} == {("set_property", "KEEP_HIERARCHY", "SOFT")}
    assert len(lines) == len(kept) == len(named)


def test_pieces_of_a_kernel_on_another_die() -> None:
    plan = CellPlan({0: ("engine",), 1: ("engine/array/row_0", "other")}, ())
    lines = commands(floorplan_script(plan))
    placed = {line[1]: words(line[2]) for line in lines if line[0] == "place_on"}
    assert placed == {"0": ["engine"], "1": ["engine/array/row_0", "other"]}


def test_one_die_needs_no_constraint() -> None:
    assert commands(kernel_constraints(CellPlan({0: ("a", "b")}, ()))) == []
