# SPDX-License-Identifier: Apache-2.0
"""Partition over dies: one die needs nothing; two have a slice on each stream between them."""

from pathlib import Path

from streamhw.boards.base import load_board
from streamhw.compiler.floorplan.die_partition import partitioned
from streamhw.compiler.ir.infrastructure import RegisterSliceSpec
from streamhw.compiler.pipeline import compile_model

TWO_DIES = Path(__file__).parents[2] / "boards" / "two_dies.py"


def test_one_die_adds_nothing(compiled) -> None:
    netlist = compiled(stop="control")
    instances, channels, slices = partitioned(netlist)
    assert (instances, channels) == (netlist.instances, netlist.channels)
    assert slices.crossing_bits == 0 and slices.gap == 0.0


def test_streams_between_dies_pass_a_slice(compiled, tiny) -> None:
    board = load_board(str(TWO_DIES))
    netlist = compile_model(tiny, board, compiled(stop="control").config, stop="partition")
    names = [die.name for die in board.stack]
    dies = netlist.slices.dies
    for channel in netlist.channels:
        ends = [dies.get(end.instance) for end in (channel.source, channel.sink)]
        if None in ends or any(len(end) > 1 for end in ends):
            continue
        assert ends[0] == ends[1], f"{channel} must pass a slice"
    slices = [i for i in netlist.instances if isinstance(i.part, RegisterSliceSpec)]
    assert bool(slices) == (netlist.slices.crossing_bits > 0)
    assert {die for on in dies.values() for die in on} <= set(names)
