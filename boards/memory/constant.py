# SPDX-License-Identifier: Apache-2.0
"""A memory of constant latency, and of a bandwidth that no access pattern lessens."""

from dataclasses import dataclass
from fractions import Fraction

__all__ = ["ConstantChannel"]


@dataclass(frozen=True, kw_only=True)
class ConstantChannel:
    """Behind one port; cycles of the design.

    latency: from a read address to its first beat; write_latency: from the last beat to the
    response; bandwidth: beats a cycle, reads and writes together

    Raises ``ValueError`` if a latency is below 1 or the bandwidth not above 0 and at most 1.
    """

    latency: int = 32
    write_latency: int = 16
    bandwidth: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if min(self.latency, self.write_latency) < 1:
            raise ValueError(
                "Latency and write latency must be at least 1, not "
                f"{self.latency}, {self.write_latency}"
            )
        if not 0 < self.bandwidth <= 1:
            raise ValueError(f"Bandwidth must be above 0 and at most 1, not {self.bandwidth}")

    def peak(self, beat_bytes: int, clock_mhz: float) -> float:
        """Bytes a cycle of a port at best."""
        return float(self.bandwidth) * beat_bytes
