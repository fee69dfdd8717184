# SPDX-License-Identifier: Apache-2.0
"""What stands around a design on a board with the vendor's memory controller: MIG, 7 series."""

from dataclasses import dataclass

from ..number_checks import check_number, check_text, check_whole

__all__ = ["VivadoParts"]


@dataclass(frozen=True, kw_only=True)
class VivadoParts:
    """The parts of a board that Vivado makes a bitstream for; resources by amaranth-boards' names.

    platform: ``module:class`` of the pins, as of amaranth-boards; its default clock feeds the
        controller
    memory: the chip as MIG calls it, at resource ``ddr3`` 0; bytes: of it
    voltage: of its pins, V
    period_ps: of the chip's clock, ps; the design runs at a quarter of its frequency
    ratio: periods of the chip's clock in one of the platform's default clock
    row_bits, column_bits, bank_bits: of the chip's addresses
    timing: of the chip, by MIG's names: ns, ``trefi`` us
    latency: CAS latency at that period, cycles of the chip; write_latency: the same of writes
    baud: bits a second at resource ``uart`` 0
    leds: how many resources ``led`` there are

    Raises ``ValueError`` if one of them cannot be.
    """

    platform: str
    memory: str
    bytes: int
    voltage: float
    period_ps: int
    ratio: float
    row_bits: int
    column_bits: int
    bank_bits: int
    timing: tuple[tuple[str, float], ...]
    latency: int
    write_latency: int
    baud: int = 2_000_000
    leds: int = 4

    def __post_init__(self) -> None:
        check_text("Platform of Vivado parts", self.platform)
        module, colon, name = self.platform.partition(":")
        if not (module and colon and name):
            raise ValueError(
                f"Platform of Vivado parts must be module:class, not {self.platform!r}"
            )
        check_text("Memory of Vivado parts", self.memory)
        check_number("Voltage of Vivado parts", self.voltage)
        check_number("Ratio of clocks of Vivado parts", self.ratio)
        for field in ("bytes", "period_ps", "row_bits", "column_bits", "bank_bits", "latency",
                      "write_latency", "baud"):  # fmt: skip
            check_whole(f"Vivado parts {field}", getattr(self, field), least=1)
        check_whole("Vivado parts leds", self.leds, least=0)
        for key, value in self.timing:
            check_text("Time of Vivado parts", key)
            check_number(f"Time {key} of Vivado parts", value)

    @property
    def clock_mhz(self) -> float:
        """Of the design: what the controller gives its user."""
        return 1e6 / self.period_ps / 4
