# SPDX-License-Identifier: Apache-2.0
"""Fusion: which parts form one on-chip group, so that streams between them never leave it."""

from dataclasses import dataclass

from ..boards.base import Board, Family
from ..errors import BuildError
from ..stream.convert import Converter
from .design import Instance

__all__ = ["Group", "fuse"]

BLOCK_BITS = {Family.ECP5: 18_432, Family.ULTRASCALE_PLUS: 36_864}
ULTRA_BITS = 294_912


@dataclass(frozen=True)
class Group:
    """Parts on chip together, and the bits of the converters between them."""

    instances: tuple[str, ...]
    converter_bits: int


def fuse(instances: tuple[Instance, ...], board: Board) -> tuple[Group, ...]:
    """Groups of parts.

    Chooses  one group of everything: only keys and values leave the chip, and parameters enter it
    Raises   ``BuildError`` if the converters of that group exceed the board's memory
    """
    sizes = {
        i.name: sum(memory.bits for memory in i.part.resources().memories)
        for i in instances
        if isinstance(i.part, Converter)
    }
    total = sum(sizes.values())
    budget = board.budget
    available = budget.block_ram * BLOCK_BITS[board.family] + budget.ultra_ram * ULTRA_BITS
    if total > available:
        largest = max(sizes, key=lambda name: sizes[name])
        raise BuildError(
            f"Converters must fit into {available:,} bits of on-chip memory on {board.name}, but "
            f"need {total:,}; the largest is {largest} with {sizes[largest]:,}"
        )
    return (Group(tuple(i.name for i in instances), total),)
