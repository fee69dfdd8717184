# SPDX-License-Identifier: Apache-2.0
"""Which positions the rows of attention have, where layers see a window of the latest ones."""

from collections import Counter
from dataclasses import dataclass

from amaranth.hdl import Const, Mux, Value

__all__ = ["HIDDEN", "RowWindows", "width_of"]

HIDDEN = "hidden"
"""Name of the symbol whose values say how many of the first positions of a row are hidden."""


@dataclass(frozen=True, kw_only=True)
class RowWindows:
    """The row of a token: from the first position that is read for it to its own.

    A window begins anywhere, but memory gives ``together`` positions at a time: a row begins at the
    last multiple of them up to the window, and what is before the window is *hidden*: it passes,
    but does not count.

    widths: positions of each layer's windows; none: all layers see all positions
    together: positions that are read together, a power of two

    Raises   ValueError: if a width is less than 1, or ``together`` no power of two
    """

    widths: tuple[int, ...] = ()
    together: int = 1

    def __post_init__(self) -> None:
        if any(width < 1 for width in self.widths):
            raise ValueError(f"Windows must have at least 1 position, not {self.widths}")
        if self.together < 1 or self.together & (self.together - 1):
            raise ValueError(f"Positions together must be a power of two, not {self.together}")

    def begin(self, position: int, layer: int) -> int:
        """The first position of the row of the token at ``position``."""
        if not self.widths:
            return 0
        first = max(0, position + 1 - self.widths[layer])
        return first // self.together * self.together

    def length(self, position: int, layer: int) -> int:
        """Positions of the row."""
        return position + 1 - self.begin(position, layer)

    def hidden(self, position: int, layer: int) -> int:
        """Of these, how many of the first do not count."""
        return max(0, self.length(position, layer) - self.widths[layer]) if self.widths else 0

    def lengths(self, position: int, tokens: int, layer: int) -> tuple[int, ...]:
        """Positions of the rows of ``tokens`` tokens from ``position`` on."""
        return tuple(self.length(position + t, layer) for t in range(tokens))

    @property
    def kinds(self) -> tuple[int, ...]:
        """A layer of each width; the first layer where there are no windows."""
        return tuple(self.widths.index(width) for width in dict.fromkeys(self.widths)) or (0,)

    @property
    def most_hidden(self) -> int:
        """The largest number of hidden positions of a row."""
        return self.together - 1 if self.widths else 0


def width_of(layer: Value, widths: tuple[int, ...]) -> Value:
    """The width of a layer's windows, without a memory: most models have two of them."""
    ((common, _),) = Counter(widths).most_common(1)
    shape = range(max(widths) + 1)
    width: Value = Const(common, shape)
    for other in sorted(set(widths) - {common}):
        layers = sum(1 << index for index, width_ in enumerate(widths) if width_ == other)
        chosen = Const(layers, len(widths)).bit_select(layer, 1)
        width = Mux(chosen, Const(other, shape), width)
    return width
