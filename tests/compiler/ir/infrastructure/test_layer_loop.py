# SPDX-License-Identifier: Apache-2.0
"""The ends of the loop over layers as parts of a design."""

from streamhw.compiler.ir.infrastructure.layer_loop import LoopEntrySpec, LoopExitSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import Symbol, row_major

ROWS = row_major(Fixed(24), (Symbol("tokens", 4), 8), 4)


def test_a_batch_goes_round_as_it_came() -> None:
    entry, exit = (spec(type=ROWS, layers=3) for spec in (LoopEntrySpec, LoopExitSpec))
    kinds = {
        port.name: port.type.beat_bits
        for port in (*entry.ports, *exit.ports)
        if port.type.loops == ROWS.loops
    }
    assert len(kinds) >= 3 and set(kinds.values()) == {96}


def test_cells_follow_the_beat() -> None:
    wide = row_major(Fixed(24), (Symbol("tokens", 4), 8), 8)
    for spec in (LoopEntrySpec, LoopExitSpec):
        narrow = spec(type=ROWS, layers=3).resources()
        assert spec(type=wide, layers=3).resources().luts - narrow.luts == 2 * 96
