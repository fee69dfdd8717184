# SPDX-License-Identifier: Apache-2.0
"""SDRAM chips of single data rate and 16 data bits: their sizes and times, also in cycles."""

import math
from dataclasses import dataclass

from ...number_checks import check_number, check_text, check_whole

__all__ = [
    "AS4C16M16SA_7",
    "IS42S16160G_7",
    "MT48LC16M16A2_7E",
    "WORD_BYTES",
    "SdramCycles",
    "SdramPart",
]

WORD_BYTES = 2
"""Of a word on the data pins."""


@dataclass(frozen=True, kw_only=True)
class SdramCycles:
    """The times of a part in cycles of its clock; each field is one of ``SdramPart``."""

    cas: int  # from a read to the clock edge at which its first word is valid
    rcd: int
    rp: int
    ras: int
    rc: int
    rfc: int
    wr: int
    rrd: int
    mrd: int
    refi: int
    power_up: int
    refreshes: int


@dataclass(frozen=True, kw_only=True)
class SdramPart:
    """A chip with 16 data pins and 4 banks; times are nanoseconds, and least ones but ``t_refi``.

    cas: CAS latencies with the highest clock of each, in MHz, the lowest latency first
    refreshes: of the power-up sequence, before the mode register is set

    Raises ``ValueError`` if a number cannot be, a size is no power of two that the address pins
    reach, or a higher CAS latency allows no higher clock.
    """

    name: str
    rows: int  # of a bank
    columns: int  # words of a row
    cas: tuple[tuple[int, float], ...]
    t_rcd: float  # a row is opened
    t_rp: float  # a row is closed
    t_ras: float  # from opening a row to closing it
    t_rc: float  # from opening a row to opening another of the bank
    t_rfc: float  # a refresh
    t_wr: float  # from a written word to closing its row
    t_rrd: float  # from opening a row to opening one of another bank
    t_mrd: float  # the mode register is set; at least 2 cycles
    t_refi: float  # from a refresh to the next, on average
    power_up: float  # from a stable clock to the first command
    refreshes: int

    def __post_init__(self) -> None:
        check_text("Name of an SDRAM", self.name)
        for name in ("t_rcd", "t_rp", "t_ras", "t_rc", "t_rfc", "t_wr", "t_rrd", "t_mrd", "t_refi",
                     "power_up"):  # fmt: skip
            check_number(f"SDRAM {name}", getattr(self, name))
        check_whole("SDRAM refreshes", self.refreshes, least=2)
        for name, least, most in (("rows", 2, 1 << 13), ("columns", 16, 1 << 10)):
            value = getattr(self, name)
            check_whole(f"SDRAM {name}", value, least=least, most=most)
            if value & (value - 1):
                raise ValueError(f"SDRAM {name} must be a power of two, not {value}")
        if [*self.cas] != sorted(self.cas) or not {x for x, _ in self.cas} <= {2, 3}:
            raise ValueError(f"SDRAM cas must be of 2 and 3, with rising clocks, not {self.cas}")
        clocks = [clock for _, clock in self.cas]
        if not clocks or clocks != sorted(clocks):
            raise ValueError(f"SDRAM cas must be of 2 and 3, with rising clocks, not {self.cas}")

    @property
    def banks(self) -> int:
        """Rows that may be open together."""
        return 4

    @property
    def row_bytes(self) -> int:
        """Of a row of one bank."""
        return self.columns * WORD_BYTES

    @property
    def bytes(self) -> int:
        """Of the chip."""
        return self.banks * self.rows * self.row_bytes

    def cas_latency(self, clock_mhz: float) -> int:
        """The lowest CAS latency at a clock; ``ValueError`` if the clock is above all of them."""
        check_number("Clock of an SDRAM", clock_mhz)
        for latency, most in self.cas:
            if clock_mhz <= most:
                return latency
        raise ValueError(
            f"Clock of {self.name} must be at most {self.cas[-1][1]:g} MHz, not {clock_mhz:g}"
        )

    def cycles(self, clock_mhz: float) -> SdramCycles:
        """Its times in cycles of a clock, each as many as are needed to keep it.

        Raises ``ValueError`` if the clock is too fast, or too slow for a refresh within ``t_refi``.
        """
        cas = self.cas_latency(clock_mhz)

        def least(time: float) -> int:
            # 15 ns at 200 MHz are 3 cycles, whatever the last bit of a float says
            return max(1, math.ceil(round(time * clock_mhz / 1e3, 6)))

        refi = math.floor(round(self.t_refi * clock_mhz / 1e3, 6))
        if refi <= least(self.t_rfc) + least(self.t_rp):
            raise ValueError(
                f"Clock of {self.name} must leave time for refreshes, which {clock_mhz:g} MHz "
                "does not"
            )
        return SdramCycles(
            cas=cas,
            rcd=least(self.t_rcd),
            rp=least(self.t_rp),
            ras=least(self.t_ras),
            rc=least(self.t_rc),
            rfc=least(self.t_rfc),
            wr=least(self.t_wr),
            rrd=least(self.t_rrd),
            mrd=max(2, least(self.t_mrd)),
            refi=refi,
            power_up=least(self.power_up),
            refreshes=self.refreshes,
        )


# 8192 rows in 64 ms are 7812.5 ns each; the parts of a ULX3S differ by the time it was made.

IS42S16160G_7 = SdramPart(
    # ISSI, IS42S16160G data sheet, AC electrical characteristics, column -7; tRFC is tRC there
    name="is42s16160g-7",
    rows=8192,
    columns=512,
    cas=((2, 133.0), (3, 143.0)),
    t_rcd=15.0,
    t_rp=15.0,
    t_ras=37.0,
    t_rc=60.0,
    t_rfc=60.0,
    t_wr=14.0,
    t_rrd=14.0,
    t_mrd=14.0,
    t_refi=7812.5,
    power_up=200_000.0,
    refreshes=8,
)

MT48LC16M16A2_7E = SdramPart(
    # Micron, 256Mb x4 x8 x16 SDRAM data sheet, electrical specifications, column -7E
    name="mt48lc16m16a2-7e",
    rows=8192,
    columns=512,
    cas=((2, 133.0), (3, 143.0)),
    t_rcd=15.0,
    t_rp=15.0,
    t_ras=37.0,
    t_rc=60.0,
    t_rfc=66.0,
    t_wr=14.0,
    t_rrd=14.0,
    t_mrd=14.0,
    t_refi=7812.5,
    power_up=100_000.0,
    refreshes=2,
)

AS4C16M16SA_7 = SdramPart(
    # Alliance, AS4C16M16SA data sheet rev. 3.0, table 16, column -7
    name="as4c16m16sa-7",
    rows=8192,
    columns=512,
    cas=((2, 100.0), (3, 143.0)),
    t_rcd=21.0,
    t_rp=21.0,
    t_ras=42.0,
    t_rc=63.0,
    t_rfc=63.0,
    t_wr=14.0,
    t_rrd=14.0,
    t_mrd=14.0,
    t_refi=7800.0,
    power_up=200_000.0,
    refreshes=8,
)
