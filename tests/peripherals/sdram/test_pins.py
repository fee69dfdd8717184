# SPDX-License-Identifier: Apache-2.0
"""Pins of a chip: as many as it has, and the codes of its truth table."""

from amaranth.hdl import Value

from streamhw.peripherals.sdram.pins import ALL_BANKS, SdramCommand, SdramPins, command_layout


def test_as_many_as_the_chip_has() -> None:
    pins = SdramPins().create()
    driven = [value for _, _, value in SdramPins().flatten(pins) if value is not pins.dq.i]
    # 54 pins less 14 of supply, the clock and one without connection; dq.oe is none of them
    assert sum(len(Value.cast(value)) for value in driven) - 1 == 38


def test_codes() -> None:
    """RAS#, CAS#, WE# of the truth table: L and H of each command."""
    table = {
        "MODE": "LLL", "REFRESH": "LLH", "PRECHARGE": "LHL", "ACTIVATE": "LHH",
        "WRITE": "HLL", "READ": "HLH", "NOTHING": "HHH",
    }  # fmt: skip
    codes = {
        name: int(levels.replace("L", "0").replace("H", "1"), 2) for name, levels in table.items()
    }
    assert {code.name: int(code) for code in SdramCommand} == codes


def test_a10_is_in_the_address() -> None:
    assert command_layout()["address"].width > ALL_BANKS.bit_length() - 1 == 10
