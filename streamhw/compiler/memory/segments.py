# SPDX-License-Identifier: Apache-2.0
"""The parameters of a node, as parts of the one stream that memory sends."""

from dataclasses import dataclass

__all__ = ["Segments"]


@dataclass(frozen=True)
class Segments:
    """The parameters of one node in one layer: ``repeat`` times (stream, beats) in turn.

    ahead: of the parts of a turn, the first ones that stand in front of the rest of the turn before
    """

    node: str
    repeat: int
    parts: tuple[tuple[str, int], ...]
    ahead: int = 0

    @property
    def beats(self) -> int:
        return self.repeat * sum(beats for _, beats in self.parts)

    @property
    def turns(self) -> tuple[tuple[int, tuple[tuple[str, int], ...]], ...]:
        """What stands in memory one after the other: how often, which parts in turn."""
        early, late = self.parts[: self.ahead], self.parts[self.ahead :]
        if not early or not late or self.repeat == 1:
            return ((self.repeat, self.parts),)
        return ((1, early), (self.repeat - 1, (*early, *late)), (1, late))
