# SPDX-License-Identifier: Apache-2.0
"""Pins of both families' cells, by the names in their libraries."""

import pytest

from streamhw.synthesis.pins import Driver, Pin, driver_of, pin_of

CELLS = {
    "FDRE": (Driver.REGISTER, {"C": Pin.CLOCK, "R": Pin.RESET, "CE": Pin.ENABLE, "D": Pin.DATA}),
    "FDSE": (Driver.REGISTER, {"S": Pin.RESET}),
    "TRELLIS_FF": (
        Driver.REGISTER,
        {"CLK": Pin.CLOCK, "LSR": Pin.RESET, "CE": Pin.ENABLE, "DI": Pin.DATA},
    ),
    "$_SDFFE_PP0P_": (Driver.REGISTER, {"C": Pin.CLOCK, "R": Pin.RESET, "E": Pin.ENABLE}),
    "$lut": (Driver.LOGIC, {"A": Pin.LOGIC}),
    "MUXF7": (Driver.LOGIC, {"S": Pin.LOGIC, "I0": Pin.LOGIC}),
    "CARRY8": (Driver.LOGIC, {"CI": Pin.LOGIC, "S": Pin.LOGIC}),
    "RAM32M16": (
        Driver.MEMORY,
        {"WCLK": Pin.CLOCK, "WE": Pin.ENABLE, "ADDRA": Pin.ADDRESS, "DIA": Pin.DATA},
    ),
    "RAM32X1D": (Driver.MEMORY, {"A0": Pin.ADDRESS, "DPRA4": Pin.ADDRESS, "D": Pin.DATA}),
    "SRL16E": (Driver.MEMORY, {"CLK": Pin.CLOCK, "CE": Pin.ENABLE, "A3": Pin.ADDRESS}),
    "TRELLIS_DPR16X4": (
        Driver.MEMORY,
        {"WCK": Pin.CLOCK, "WRE": Pin.ENABLE, "RAD": Pin.ADDRESS, "WAD": Pin.ADDRESS,
         "DI": Pin.DATA},
    ),
    "DP16KD": (
        Driver.MEMORY,
        {"CLKA": Pin.CLOCK, "CEA": Pin.ENABLE, "OCEB": Pin.ENABLE, "WEA": Pin.ENABLE,
         "CSA0": Pin.ENABLE, "RSTA": Pin.RESET, "ADA13": Pin.ADDRESS, "DIA0": Pin.DATA},
    ),
    "RAMB36E2": (
        Driver.MEMORY,
        {"CLKARDCLK": Pin.CLOCK, "ENARDEN": Pin.ENABLE, "WEBWE": Pin.ENABLE,
         "REGCEAREGCE": Pin.ENABLE, "RSTRAMARSTRAM": Pin.RESET, "ADDRARDADDR": Pin.ADDRESS,
         "DINADIN": Pin.DATA},
    ),
    "URAM288": (
        Driver.MEMORY,
        {"CLK": Pin.CLOCK, "EN_A": Pin.ENABLE, "BWE_A": Pin.ENABLE, "RST_A": Pin.RESET,
         "ADDR_A": Pin.ADDRESS, "DIN_A": Pin.DATA},
    ),
    "DSP48E2": (
        Driver.MULTIPLIER,
        {"CLK": Pin.CLOCK, "CEP": Pin.ENABLE, "RSTP": Pin.RESET, "A": Pin.DATA, "C": Pin.DATA,
         "OPMODE": Pin.LOGIC},
    ),
    "MULT18X18D": (
        Driver.MULTIPLIER,
        {"CLK0": Pin.CLOCK, "CE0": Pin.ENABLE, "RST0": Pin.RESET, "A17": Pin.DATA,
         "SIGNEDA": Pin.LOGIC},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CELLS)
def test_cell(kind: str) -> None:
    driver, pins = CELLS[kind]
    assert driver_of(kind) is driver
    assert {port: pin_of(kind, port) for port in pins} == pins
