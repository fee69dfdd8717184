# SPDX-License-Identifier: Apache-2.0
"""Memory access and control close all ports of grouped kernels."""

from streamhw.compiler.ir.levels import Grouped, Netlist
from streamhw.compiler.lowering.insert_control import open_ports
from streamhw.compiler.memory_access import memory_context, with_control, with_memory
from tests.compiler.conftest import Compiled


def test_ports_are_closed_in_two_steps(compiled: Compiled) -> None:
    grouped = compiled(stop="fuse")
    assert isinstance(grouped, Grouped)
    netlist = with_memory(grouped)
    assert type(netlist) is Netlist and netlist == compiled(stop="memory")
    assert open_ports(netlist.instances, netlist.channels)
    closed = with_control(netlist)
    assert open_ports(closed.instances, closed.channels) == []
    assert closed == compiled(stop="control")
    assert memory_context(grouped).beat_bits == grouped.board.beat_bits
