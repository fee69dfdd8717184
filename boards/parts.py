# SPDX-License-Identifier: Apache-2.0
"""What stands around a design on a development board: pins, clock, memory chip, line to a host."""

from dataclasses import dataclass

from ..number_checks import check_kind, check_number, check_text, check_whole
from .memory.sdram_part import SdramPart

__all__ = ["BoardParts"]


@dataclass(frozen=True, kw_only=True)
class BoardParts:
    """The parts that a bitstream needs besides the design; resources by amaranth-boards' names.

    platform: ``module:class`` of the pins and the clock, as of amaranth-boards; its default clock
        is the input of the PLL
    sdram: the chip at resource ``sdram`` 0; its clock is ``clock_ratio`` times the design's, and
        leaves its pin ``clock_degrees`` later
    read_delay: cycles of that clock between a word at the pins and the same in the fabric
    baud: bits a second at resource ``uart`` 0
    leds: how many resources ``led`` there are

    Raises ``ValueError`` if one of them cannot be.
    """

    platform: str
    sdram: SdramPart
    clock_ratio: int = 2
    clock_degrees: float = 180.0
    read_delay: int = 2
    baud: int = 3_000_000
    leds: int = 8

    def __post_init__(self) -> None:
        check_text("Platform of a board", self.platform)
        module, colon, name = self.platform.partition(":")
        if not (module and colon and name):
            raise ValueError(f"Platform of a board must be module:class, not {self.platform!r}")
        check_kind("SDRAM of a board", self.sdram, SdramPart)
        check_whole("Clock ratio of an SDRAM", self.clock_ratio, least=1, most=4)
        check_number("Degrees of the clock of an SDRAM", self.clock_degrees, zero=True, most=359)
        check_whole("Read delay of an SDRAM", self.read_delay, least=1)
        check_whole("Baud of a board", self.baud, least=1)
        check_whole("LEDs of a board", self.leds, least=0)
