# SPDX-License-Identifier: Apache-2.0
"""SDRAM behind the controller of ``streamhw.peripherals.sdram``: what both leave of a clock."""

from dataclasses import dataclass
from typing import Self

from ...number_checks import check_number, check_whole
from .dram import Dram
from .sdram_part import WORD_BYTES, SdramPart

__all__ = ["SdramMemory"]

# Of the controller, which this layer may not import; its test measures them there.
BURST = 8  # words of an access
AHEAD = 9  # accesses that wait for the chip
GROUP = 16  # accesses of one direction while the other waits
TURN = 9  # cycles from a read to a write besides the CAS latency
READ_DESIGN = 7  # cycles of the design from AR to R: queues, and the way back between the clocks
READ_SDRAM = 17  # cycles of the chip's clock besides its own: the way there, commands, the words
WRITE_DESIGN = 3  # cycles of the design from a write's last beat to its answer


@dataclass(frozen=True, kw_only=True)
class SdramMemory(Dram):
    """A chip of 16 bits and its controller, made of the part's times by ``of``.

    Each time is a whole number of cycles of the chip's clock, as the controller counts it.
    """

    @classmethod
    def of(
        cls, part: SdramPart, *, clock_mhz: float, design_mhz: float, read_delay: int = 1
    ) -> Self:
        """clock_mhz, read_delay: of the controller; design_mhz: of the AXI port's clock.

        Raises ``ValueError`` for a clock that the part does not allow, or a number that cannot be.
        """
        check_number("Clock of the design", design_mhz)
        check_whole("SDRAM read_delay", read_delay, least=1)
        cycles = part.cycles(clock_mhz)
        period, design = 1e3 / clock_mhz, 1e3 / design_mhz
        return cls(
            name=part.name,
            bandwidth=WORD_BYTES / period,
            latency=READ_DESIGN * design + (READ_SDRAM + cycles.cas + read_delay) * period,
            write_latency=WRITE_DESIGN * design,
            t_rcd=cycles.rcd * period,
            t_rp=cycles.rp * period,
            t_ras=cycles.ras * period,
            t_rtp=BURST * period,
            t_wtp=(BURST - 1 + cycles.wr) * period,
            t_rrd=cycles.rrd * period,
            t_faw=0.0,  # SDRAM has no such rule
            t_rtw=(cycles.cas + TURN) * period,
            t_wtr=BURST * period,
            t_rfc=cycles.rfc * period,
            t_refi=cycles.refi * period,
            access_bytes=BURST * WORD_BYTES,
            row_bytes=part.row_bytes,
            banks=part.banks,
            lookahead=AHEAD,
            group=GROUP,
        )

    @property
    def turn(self) -> float:
        """What two turns cost besides the words of both accesses."""
        return self.t_rtw + self.t_wtr - 2 * self.access_bytes / self.bandwidth
