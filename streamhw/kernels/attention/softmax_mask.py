# SPDX-License-Identifier: Apache-2.0
"""Which elements of the beats of a row of scores count: neither hidden nor behind the row's end."""

from amaranth.hdl import Cat, Value
from amaranth.utils import ceil_log2

__all__ = ["after_hidden", "before_end"]


def before_end(length: Value, last: Value, positions: int) -> Value:
    """Of the ``positions`` elements of a beat, those that are not behind the end of their row.

    length: of the row; last: whether the beat is the last of it
    """
    rest = (length - 1)[: ceil_log2(positions)]  # index of the last element in its beat
    return Cat(~last | (place <= rest) for place in range(positions))


def after_hidden(at: Value, hidden: Value, positions: int) -> Value:
    """Of the ``positions`` elements of a beat, those behind the first ``hidden`` of their row.

    at: index of the beat in its row
    """
    return Cat(at * positions + place >= hidden for place in range(positions))
