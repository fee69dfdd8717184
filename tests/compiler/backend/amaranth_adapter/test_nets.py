# SPDX-License-Identifier: Apache-2.0
"""Values of nets as whole tuples equal those that are made bit by bit."""

import pytest
from amaranth.hdl._nir import Net, Value

from streamhw.compiler.backend.amaranth_adapter.nets import constant, from_cell, new_value


@pytest.mark.parametrize(("number", "width"), [(0, 1), (5, 3), (0xDEAD, 40), (1, 0)])
def test_constants(number: int, width: int) -> None:
    assert constant(Value, number, width) == Value.from_const(number, width)


def test_nets_of_cells() -> None:
    for cell, bit in ((0, 2), (7, 0), (300, 16383)):
        net = from_cell(Net, cell, bit)
        assert net == Net.from_cell(cell, bit)
        assert (net.cell, net.bit) == (cell, bit)


def test_values_of_one_net_of_many_and_of_another_value() -> None:
    nets = [Net.from_cell(1, bit) for bit in range(5)]
    value = new_value(Value, nets)
    assert value == Value(nets) and type(value) is Value
    assert new_value(Value, nets[0]) == Value(nets[0])
    assert new_value(Value, value) is value
    assert new_value(Value) == Value()
