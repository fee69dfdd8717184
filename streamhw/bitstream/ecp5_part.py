# SPDX-License-Identifier: Apache-2.0
"""The options by which nextpnr knows an ECP5, from the part numbers that Lattice gives it."""

import re

from ..errors import UserError

__all__ = ["nextpnr_options"]

_DEVICE = re.compile(r"LFE5U(M|M5G)?-(12|25|45|85)F")
_PACKAGE = re.compile(r"(BG|MG)(\d{3})")
_GRID = {"BG": "CABGA", "MG": "CSFBGA"}
"""Kinds of ball grids in part numbers, and in full (Lattice, ECP5 and ECP5-5G Family data sheet,
FPGA-DS-02012, ordering information)."""


def nextpnr_options(device: str, package: str, speed: str) -> tuple[str, ...]:
    """Those of the device, its package and its speed grade.

    device, package, speed: as platforms of amaranth-boards name them: LFE5U-85F, BG381, 6

    Raises ``UserError`` if they are not those of an ECP5.
    """
    family, grid = _DEVICE.fullmatch(device), _PACKAGE.fullmatch(package)
    if family is None or grid is None:
        raise UserError(
            "Device and package of a platform must be those of an ECP5, LFE5U-85F and BG381 for "
            f"example, not {device} and {package}"
        )
    kind, size = family.groups()
    prefix = "" if kind is None else f"u{kind.lower()}-"
    return (f"--{prefix}{size}k", "--package", f"{_GRID[grid[1]]}{grid[2]}", "--speed", speed)
