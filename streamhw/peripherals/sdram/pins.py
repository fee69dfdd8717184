# SPDX-License-Identifier: Apache-2.0
"""Pins of an SDRAM chip with 16 data bits, and the commands on them."""

from enum import IntEnum

from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ADDRESS_PINS", "ALL_BANKS", "BANK_BITS", "SdramCommand", "SdramPins", "command_layout"]

ADDRESS_PINS = 13
BANK_BITS = 2

ALL_BANKS = 1 << 10
"""Address of a PRECHARGE that closes all rows; in a READ or WRITE the same pin would close one."""


class SdramCommand(IntEnum):
    """RAS#, CAS# and WE#, the first as the highest bit."""

    MODE = 0b000
    REFRESH = 0b001
    PRECHARGE = 0b010
    ACTIVATE = 0b011
    WRITE = 0b100
    READ = 0b101
    NOTHING = 0b111


def command_layout() -> data.StructLayout:
    """A command with its bank and address: what the pins of a chip are told in a cycle."""
    return data.StructLayout({"code": 3, "bank": BANK_BITS, "address": ADDRESS_PINS})


class SdramPins(wiring.Signature):
    """The pins as the controller sees them; the clock is not among them.

    ``dq`` has ``o``, ``oe`` for all 16 bits together, and ``i``. ``dqm`` masks a byte of ``dq``.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "cke": Out(1),
                "cs_n": Out(1),
                "ras_n": Out(1),
                "cas_n": Out(1),
                "we_n": Out(1),
                "ba": Out(BANK_BITS),
                "a": Out(ADDRESS_PINS),
                "dqm": Out(2),
                "dq": Out(wiring.Signature({"o": Out(16), "oe": Out(1), "i": In(16)})),
            }
        )
