# SPDX-License-Identifier: Apache-2.0
"""What the pins of mapped cells are: clock, reset, enable, address, logic or data."""

import re
from enum import Enum, StrEnum

__all__ = ["Driver", "Pin", "driver_of", "pin_of"]


class Pin(Enum):
    """What an input of a cell does.

    LOGIC is everything that an output follows without a clock, selects of multiplexers too: once
    they are LUTs, nothing tells them from other inputs.
    """

    CLOCK = "clock"
    RESET = "reset"
    ENABLE = "enable"
    ADDRESS = "address"
    LOGIC = "logic"
    DATA = "data"


class Driver(StrEnum):
    """What a net comes out of."""

    REGISTER = "register"
    LOGIC = "logic"
    MEMORY = "memory"
    MULTIPLIER = "multiplier"
    PIN = "pin"
    CONSTANT = "constant"


_CELLS = (
    (re.compile(r"FD[RSCP]E|TRELLIS_FF|\$_(DFF|SDFF|ALDFF|SR|FF)"), Driver.REGISTER),
    (re.compile(r"RAM|URAM|TRELLIS_DPR|DP16KD|PDPW16KD|SRL|\$__XILINX_SHREG_"), Driver.MEMORY),
    (re.compile(r"DSP48|MULT"), Driver.MULTIPLIER),
)
"""How types of cells begin; others are logic."""

_REGISTER = (
    (re.compile(r"C|CLK"), Pin.CLOCK),
    (re.compile(r"R|S|CLR|PRE|LSR"), Pin.RESET),
    (re.compile(r"CE|E"), Pin.ENABLE),
)
_MEMORY = (
    (re.compile(r"C|W?CLK.*|WCK"), Pin.CLOCK),
    (re.compile(r"RST.*"), Pin.RESET),
    (re.compile(r"W?CE.*|OCE.|E|EN.*|WE.*|WRE|BWE.*|RDB_WR.*|OREG_CE.*|REGCE.*|CS.*|BE\d*"),
     Pin.ENABLE),
    (re.compile(r"A\d*|ADDR.*|AD[ABRW]\d*|DPRA\d*|[RW]AD|L"), Pin.ADDRESS),
)  # fmt: skip
_MULTIPLIER = (
    (re.compile(r"CLK.*"), Pin.CLOCK),
    (re.compile(r"RST.*"), Pin.RESET),
    (re.compile(r"CE.*"), Pin.ENABLE),
    (re.compile(r"(OP|IN|ALU)MODE|CARRYIN.*|SIGNED.|SOURCE."), Pin.LOGIC),
)
_PINS = {Driver.REGISTER: _REGISTER, Driver.MEMORY: _MEMORY, Driver.MULTIPLIER: _MULTIPLIER}
"""Names of inputs; others are data."""


def driver_of(kind: str) -> Driver:
    """What the outputs of a type of cell are."""
    return next((driver for begin, driver in _CELLS if begin.match(kind)), Driver.LOGIC)


def pin_of(kind: str, port: str) -> Pin:
    """What an input of a type of cell is."""
    rules = _PINS.get(driver_of(kind))
    if rules is None:
        return Pin.LOGIC
    return next((pin for name, pin in rules if name.fullmatch(port)), Pin.DATA)
