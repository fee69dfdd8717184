# SPDX-License-Identifier: Apache-2.0
"""A memory of constant latency, and of a bandwidth that no access pattern lessens."""

from dataclasses import dataclass
from fractions import Fraction

from ...number_checks import check_whole

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
        for name in ("latency", "write_latency"):
            check_whole(f"Channel {name}", getattr(self, name), least=1)
        if not 0 < self.bandwidth <= 1:
            raise ValueError(f"Bandwidth must be above 0 and at most 1, not {self.bandwidth}")

    def peak(self, beat_bytes: int, clock_mhz: float) -> float:
        """Bytes a cycle of a port at best."""
        return float(self.bandwidth) * beat_bytes
