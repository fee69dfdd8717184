# SPDX-License-Identifier: Apache-2.0
"""Where the activations of a matrix product lie in the engine's memory."""

from dataclasses import dataclass

from amaranth.utils import ceil_log2

from ...stream.axis import Axis
from ...stream.itensor.itensor import ITensor

__all__ = ["ActivationLayout"]


@dataclass(frozen=True, kw_only=True)
class ActivationLayout:
    """Where an element of x lies: two regions of ``tokens`` rows, each of ``words`` words.

    An address counts pieces of a word: (token, word, piece), each in a power of two places. The low
    bits of the token are the lane, a memory of its own.

    tokens: rows of a region; inputs: columns of a word; words: most words of a row;
    lanes: tokens read at once (a power of two); piece: elements of the narrowest beat
    """

    tokens: int
    inputs: int
    words: int
    lanes: int
    piece: int

    @property
    def piece_bits(self) -> int:
        """Low address bits that choose a piece of a word."""
        return int(ceil_log2(self.inputs // self.piece))

    @property
    def word_bits(self) -> int:
        """Address bits above them that choose a word of a row."""
        return int(ceil_log2(self.words))

    @property
    def lane_bits(self) -> int:
        """Address bits above them that choose a lane."""
        return int(ceil_log2(self.lanes))

    @property
    def places(self) -> int:
        """Rows of a lane in a region, a power of two."""
        return 1 << int(ceil_log2(-(-self.tokens // self.lanes)))

    @property
    def depth(self) -> int:
        """Words of a lane's memory, both regions."""
        return 2 * self.places << self.word_bits

    def axes(self, arrival: ITensor) -> tuple[Axis, ...]:
        """The walk over addresses in the order of a type of x.

        A loop over columns that crosses words is two: words, and pieces of one.
        """
        axes = []
        for loop in arrival.loops:
            if loop.dim == 0:
                row = 1 << (self.piece_bits + self.word_bits)
                axes.append(Axis(trip=loop.trip, increment=loop.step * row))
                continue
            assert isinstance(loop.trip, int)
            inner = 1
            if loop.step < self.inputs:
                inner = min(loop.trip, self.inputs // loop.step)
            outer = loop.trip // inner
            word = -(-loop.step // self.inputs) << self.piece_bits
            axes.append(Axis(trip=outer, increment=word))
            axes.append(Axis(trip=inner, increment=loop.step // self.piece))
        return tuple(axis for axis in axes if axis.trip != 1)
