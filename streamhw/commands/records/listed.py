# SPDX-License-Identifier: Apache-2.0
"""Records of ``list``: one for each thing that is installed."""

from dataclasses import dataclass

from .record import Record

__all__ = ["BoardRecord", "ListedRecord", "ModelRecord"]


@dataclass(frozen=True, kw_only=True)
class ListedRecord(Record):
    """Anything but models and boards.

    list: as it is typed, such as ``families``; package: the distribution that it comes from
    about: one line; error: why it does not load, None if it does
    """

    kind = "listed"
    list: str
    name: str
    about: str
    package: str
    error: str | None


@dataclass(frozen=True, kw_only=True)
class ModelRecord(Record):
    """A model by name. weights: where they are, or how to get them; context: positions at most"""

    kind = "model"
    name: str
    layers: int
    width: int
    heads: int
    vocabulary: int
    context: int
    weights: str


@dataclass(frozen=True, kw_only=True)
class BoardRecord(Record):
    """A board. ports: of external memory; port_bits: width of one; the rest is what it has"""

    kind = "board"
    name: str
    part: str
    clock_mhz: float
    memory: str
    ports: int
    port_bits: int
    luts: int
    ffs: int
    dsps: int
    block_ram: int
    ultra_ram: int
    package: str
