# SPDX-License-Identifier: Apache-2.0
"""Values of nets as whole tuples equal those that are made bit by bit."""

import pytest
from amaranth.hdl import Signal
from amaranth.hdl._nir import Net, Netlist, Operator, Value

from streamhw.compiler.backend.amaranth_adapter import adapted
from streamhw.compiler.backend.amaranth_adapter.nets import (
    as_objects,
    constant,
    from_cell,
    is_constant,
    new_value,
)


@pytest.mark.parametrize(("number", "width"), [(0, 1), (5, 3), (0xDEAD, 40), (1, 0)])
def test_constants(number: int, width: int) -> None:
    assert constant(Value, number, width) == Value.from_const(number, width)


def test_nets_of_cells() -> None:
    for cell, bit in ((0, 2), (7, 0), (300, 16383)):
        net = from_cell(Net, cell, bit)
        assert net == Net.from_cell(cell, bit)
        assert (Net(net).cell, Net(net).bit) == (cell, bit)


def test_values_of_one_net_of_many_and_of_another_value() -> None:
    nets = [Net.from_cell(1, bit) for bit in range(5)]
    value = new_value(Value, nets)
    assert value == Value(nets) and type(value) is Value
    assert new_value(Value, nets[0]) == Value(nets[0])
    assert new_value(Value, value) is value
    assert new_value(Value) == Value()
    assert new_value(Value, 7) == (7,)


def test_constants_are_told_from_nets() -> None:
    for nets in ([], [0], [1, 0, 1], [1, 2], [-1], [0, 1 << 16]):
        assert is_constant(Value(map(Net, nets))) == Value(map(Net, nets)).is_const


def test_what_is_not_replaced_sees_objects() -> None:
    netlist = Netlist()
    netlist.add_module(None, ("top",))
    with adapted():
        signal = Signal(3)
        netlist.signals[signal] = late = netlist.alloc_late_value(signal)
        inverted = netlist.add_value_cell(
            3, Operator(0, operator="~", inputs=(late,), src_loc=None)
        )
        netlist.connections.update(zip(late, Value.from_const(5, 3), strict=True))
        assert {type(net) for net in (*late, *inverted)} == {int}
        with as_objects(netlist):
            nets = (*netlist.cells[1].inputs[0], *netlist.cells[1].output_nets(1))
            assert {type(net) for net in (*nets, *netlist.signals[signal])} == {Net}
            assert {type(net) for pair in netlist.connections.items() for net in pair} == {Net}
        assert type(Net.from_cell(1, 0)) is int
    assert netlist.signals[signal] == late
    assert type(Net.from_cell(1, 0)) is Net
