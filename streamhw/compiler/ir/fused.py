# SPDX-License-Identifier: Apache-2.0
"""What fusion decided: groups of kernels, and the streams between them that go through memory."""

from dataclasses import dataclass

__all__ = ["Fused", "Group"]


@dataclass(frozen=True)
class Group:
    """Tasks whose streams to each other stay on chip."""

    tasks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fused:
    """What fusion decided.

    cuts: streams that go through external memory, by the names of their sinks' streams
    bytes: of them for a layer of a full token batch; bits: on chip for values between kernels
    limit: the bits that there are; method: what found the groups
    gap: the share of the bytes that better groups might save, 0 if there are none
    """

    groups: tuple[Group, ...]
    cuts: tuple[str, ...]
    bytes: int
    bits: int
    limit: int
    method: str
    gap: float
