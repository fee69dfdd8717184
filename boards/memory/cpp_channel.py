# SPDX-License-Identifier: Apache-2.0
"""A channel that a C++ class of a package simulates: its header, and the numbers it is given."""

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ...frozen_map import FrozenMap
from ...number_checks import check_number

__all__ = ["CppChannel"]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
FILE = re.compile(r"[A-Za-z0-9_.-]+\.h")


@dataclass(frozen=True, kw_only=True)
class CppChannel:
    """Behind one port: a class that derives from ``MemoryChannel`` of ``sim/harness``.

    file: name of the header, for messages; source: its text; class_name: of the class in it
    bandwidth: GB/s at best
    numbers: fields of the struct ``Numbers`` that the class is made with, and their values

    Raises ``ValueError`` if a name is none of C++ or the bandwidth not positive, ``TypeError`` if
    a number is no integer.
    """

    file: str
    source: str
    class_name: str
    bandwidth: float
    numbers: FrozenMap[str, int] = field(default_factory=FrozenMap)

    def __post_init__(self) -> None:
        check_number(f"Bandwidth of {self.file}", self.bandwidth)
        if not FILE.fullmatch(self.file):
            raise ValueError(f"Header of a channel must have a plain name, not {self.file!r}")
        for name in (self.class_name, *self.numbers):
            if not NAME.fullmatch(name):
                raise ValueError(f"Channel of {self.file} must have names of C++, not {name!r}")
        for name, value in self.numbers.items():
            if not -(1 << 63) <= value < 1 << 63:
                raise ValueError(f"Number {name} of {self.file} must have 64 bits, not {value}")

    @classmethod
    def of(
        cls, header: Path, class_name: str, *, bandwidth: float, numbers: Mapping[str, int]
    ) -> Self:
        """The class of a header beside a package's Python files."""
        return cls(
            file=header.name,
            source=header.read_text(),
            class_name=class_name,
            bandwidth=bandwidth,
            numbers=FrozenMap({name: operator.index(value) for name, value in numbers.items()}),
        )

    def peak(self, beat_bytes: int, clock_mhz: float) -> float:
        """Bytes a cycle of a port at best."""
        return min(self.bandwidth * 1e3 / clock_mhz, beat_bytes)
