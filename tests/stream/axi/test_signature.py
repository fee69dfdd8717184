# SPDX-License-Identifier: Apache-2.0
"""AXI signatures and their pins at the top level."""

import pytest
from amaranth.lib.wiring import In, Out

from streamhw.stream.axi.signature import axi4, axi4_lite, axi4_read, command, pins, write_data


def test_all_channels_of_a_bus() -> None:
    bus = axi4(width=64, address=32)
    assert {name: member.flow for name, member in bus.members.items()} == {
        "ar": Out,
        "r": In,
        "aw": Out,
        "w": Out,
        "b": In,
    }


def test_pins_have_the_names_of_the_standard() -> None:
    found = pins(axi4(width=64, address=32, identifier=4), "m_axi_x")
    assert (found["m_axi_x_awaddr"].flow, found["m_axi_x_awaddr"].shape) == (Out, 32)
    assert (found["m_axi_x_wstrb"].flow, found["m_axi_x_wstrb"].shape) == (Out, 8)
    assert found["m_axi_x_rready"].flow == Out
    assert found["m_axi_x_rdata"].flow == In
    assert found["m_axi_x_bvalid"].flow == In


def test_a_slave_sees_the_pins_the_other_way() -> None:
    master = pins(axi4_lite(address=16), "s")
    slave = pins(axi4_lite(address=16).flip(), "s")
    assert master.keys() == slave.keys()
    assert all(master[name].flow != slave[name].flow for name in master)


def test_layouts_count_their_bits() -> None:
    assert command(40).size == 65
    assert write_data(64).size == 72


@pytest.mark.parametrize("width", [0, 24, 2048])
def test_refuses_other_widths(width: int) -> None:
    with pytest.raises(ValueError, match=f"from 8 to 1024, not {width}"):
        axi4_read(width=width)
    with pytest.raises(ValueError, match=f"must be 32 or 64, not {width}"):
        axi4_lite(address=16, width=width)
