# SPDX-License-Identifier: Apache-2.0
"""What leads to the counters: a choice on each die with streams, numbers as in the manifest.

That it counts right is tested with whole designs, in ``tests/e2e/test_counters.py``.
"""

import re
from dataclasses import replace

from streamhw.boards.base import Budget, Die
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.floorplan.top_overhead import CONTROL, COUNTERS, observer_owner
from streamhw.compiler.ir.levels import PlacedNetlist

EMPTY = Budget(luts=0, ffs=0, dsps=0, block_ram=0, ultra_ram=0)


def modules(design: PlacedNetlist) -> set[str]:
    """Names of those that count and choose, below the top."""
    names = re.findall(r"^module \\?top\.(\w+) *\(", emit(design).verilog, re.MULTILINE)
    return {name for name in names if name.startswith((COUNTERS, observer_owner("")))}


def test_one_die_has_one_choice(design: PlacedNetlist) -> None:
    (die,) = design.board.stack
    assert modules(design) == {COUNTERS, observer_owner(die.name)}


def test_each_die_has_a_choice(design: PlacedNetlist) -> None:
    board = design.board
    dies = tuple(
        Die(name=name, budget=budget, memory=name == "low")
        for name, budget in (("low", board.budget), ("mid", EMPTY), ("high", EMPTY))
    )
    sink = design.channels[0].sink.instance
    where = {
        name: ("mid",) if name == sink else ("low",) for name in (*design.placement.dies, CONTROL)
    }
    apart = replace(
        design,
        board=replace(board, dies=dies),
        placement=replace(design.placement, dies=where),
    )
    assert modules(apart) == {COUNTERS, observer_owner("low"), observer_owner("mid")}


def test_streams_have_the_numbers_of_the_manifest(design: PlacedNetlist) -> None:
    text = emit(design).verilog
    names = [stream.name for stream in emit(design).manifest.streams]
    assert names == [channel.name for channel in design.channels]
    assert f"handshakes__{len(names) - 1}" in text and f"handshakes__{len(names)}" not in text
