# SPDX-License-Identifier: Apache-2.0
"""A loop of an address walk."""

from dataclasses import dataclass

from .itensor.itensor import Symbol

__all__ = ["Axis"]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A loop as the address walk sees it: each iteration adds ``increment`` to the address."""

    trip: int | Symbol
    increment: int
