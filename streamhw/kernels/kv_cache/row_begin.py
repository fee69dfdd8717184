# SPDX-License-Identifier: Apache-2.0
"""Where the rows of a cache begin that a token in a layer with windows reads."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.utils import ceil_log2

from ...stream.control.row_windows import RowWindows, width_of
from .walk import CacheWalk

__all__ = ["row_begin"]


def row_begin(m: Module, walk: CacheWalk, length: Signal, windows: RowWindows) -> Signal:
    """Logic in a kernel's module: the first position of the row of each token of a step, in units
    of ``windows.together``.

    length: positions up to the token under way, which follows ``walk`` as the result does
    """
    width = Signal(range(max(windows.widths) + 1), name="window")
    begin = Signal(len(length), name="begin")
    end = Signal(len(length) + 1, name="next_end")
    m.d.sync += width.eq(width_of(walk.step.layer, windows.widths))
    m.d.comb += end.eq(Mux(walk.begins, walk.step.position, length) + 1)
    with m.If(walk.begins | walk.token_done):
        before = (end - width)[: len(length)] >> ceil_log2(windows.together)
        m.d.sync += begin.eq(Mux(end > width, before, 0))
    return begin
