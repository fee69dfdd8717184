# SPDX-License-Identifier: Apache-2.0
"""Records of ``profile``: what each kernel did in the step, then what bounds it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...report.measured import ChannelUse
from .record import Record

__all__ = ["KernelRecord", "ProfileRecord"]


@dataclass(frozen=True, kw_only=True)
class KernelRecord(Record):
    """Cycles of the step by what a kernel did in them; they add up to those of the step."""

    kind = "kernel"
    name: str
    works: int
    waits_for_input: int
    waits_for_room: int
    waits_for_memory: int
    idle: int


@dataclass(frozen=True, kw_only=True)
class ProfileRecord(Record):
    """The step. position: of the token that it took; bound, lift: sentences on what bounds it and
    what would make it shorter; ports: use of the memory ports."""

    kind = "profile"
    model: str
    board: str
    position: int
    cycles: int
    memory: str
    bound: str
    lift: str
    ports: Mapping[str, ChannelUse]
    file: str
