# SPDX-License-Identifier: Apache-2.0
"""Dividers of an ECP5's PLL for the clocks of a board."""

from dataclasses import dataclass

__all__ = ["PllDividers", "PllOutput", "pll_dividers"]

# Limits of EHXPLLL in MHz: Lattice, ECP5 and ECP5-5G family data sheet (FPGA-DS-02012), table 3.25.
PFD = (3.125, 400.0)
VCO = (400.0, 800.0)
OUTPUT = (3.125, 400.0)
MOST_DIVIDER = 128
TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True)
class PllOutput:
    """A clock that the PLL makes: its divider of the VCO, and how many VCO cycles it comes late."""

    divider: int
    late: int = 0


@dataclass(frozen=True, kw_only=True)
class PllDividers:
    """Dividers of one PLL. The first output is the one that is fed back.

    input: of the input clock, before the phase detector; feedback: of the first output
    vco_mhz: frequency of the oscillator; outputs: in the order in which they were asked for
    """

    input: int
    feedback: int
    vco_mhz: float
    outputs: tuple[PllOutput, ...]

    def mhz(self, output: int) -> float:
        """Frequency of an output."""
        return self.vco_mhz / self.outputs[output].divider

    def degrees(self, output: int) -> float:
        """By how much an output is later than the first one would be at its frequency."""
        return 360.0 * self.outputs[output].late / self.outputs[output].divider


def pll_dividers(input_mhz: float, wanted: tuple[tuple[float, float], ...]) -> PllDividers:
    """Dividers for clocks that are each asked for as MHz and degrees of phase.

    Frequencies are met to a thousandth. Of several ways the one with the best phases is taken, of
    these the one with the fastest VCO, which has the least jitter.

    Raises ``ValueError`` if the PLL cannot make them, or of more than four clocks.
    """
    if not 1 <= len(wanted) <= 4:
        raise ValueError(f"A PLL must have 1 to 4 outputs, not {len(wanted)}")
    for mhz, _ in wanted:
        if not OUTPUT[0] <= mhz <= OUTPUT[1]:
            raise ValueError(f"Clock must have {OUTPUT[0]} to {OUTPUT[1]:g} MHz, not {mhz:g}")
    best: PllDividers | None = None
    least = (0.0, 0.0)
    first = wanted[0][0]
    for divider in range(1, MOST_DIVIDER + 1):
        for before in range(1, MOST_DIVIDER + 1):
            detector = input_mhz / before
            feedback = round(first / detector)
            if not PFD[0] <= detector <= PFD[1] or not 1 <= feedback <= MOST_DIVIDER:
                continue
            vco = detector * feedback * divider
            if not VCO[0] <= vco <= VCO[1]:
                continue
            outputs = tuple(_output(vco, mhz, degrees) for mhz, degrees in wanted)
            found = PllDividers(input=before, feedback=feedback, vco_mhz=vco, outputs=outputs)
            if outputs[0].divider != divider or not all(
                output.divider <= MOST_DIVIDER
                and abs(found.mhz(index) / wanted[index][0] - 1) <= TOLERANCE
                for index, output in enumerate(outputs)
            ):
                continue
            off = max(
                abs(found.degrees(i) - degrees % 360) for i, (_, degrees) in enumerate(wanted)
            )
            if best is None or (off, -vco) < least:
                best, least = found, (off, -vco)
    if best is None:
        clocks = ", ".join(f"{mhz:g}" for mhz, _ in wanted)
        raise ValueError(f"A PLL must make {clocks} MHz from {input_mhz:g} MHz, and cannot")
    return best


def _output(vco: float, mhz: float, degrees: float) -> PllOutput:
    divider = max(1, round(vco / mhz))
    return PllOutput(divider=divider, late=round(degrees % 360 / 360 * divider))
