# SPDX-License-Identifier: Apache-2.0
"""Rows of attention in layers with windows: where they begin, how long they are, what is hidden."""

import pytest
from amaranth.hdl import Const, Module, Signal
from amaranth.sim import Simulator

from streamhw.stream.control.row_windows import RowWindows, width_of


@pytest.mark.parametrize("together", [1, 2, 8])
def test_a_row_has_the_window_and_what_is_read_with_it(together: int) -> None:
    windows = RowWindows(widths=(5, 40, 8), together=together)
    for position in range(40):
        for layer, width in enumerate(windows.widths):
            begin = windows.begin(position, layer)
            hidden = windows.hidden(position, layer)
            assert begin % together == 0 and 0 <= hidden <= windows.most_hidden
            assert begin + hidden == max(0, position - width + 1)
            assert begin + windows.length(position, layer) == position + 1
    assert windows.lengths(38, 2, 1) == (39, 40)
    assert windows.kinds == (0, 1, 2)


def test_without_windows_a_row_has_all_positions() -> None:
    windows = RowWindows(together=4)
    assert windows.lengths(6, 3, 1) == (7, 8, 9)
    assert windows.hidden(6, 1) == windows.most_hidden == 0
    assert windows.kinds == (0,)


@pytest.mark.parametrize("widths", [(7,), (4, 4, 4, 9), (1, 2, 3, 2, 9)])
def test_widths_by_layer_in_hardware(widths: tuple[int, ...]) -> None:
    layer, width = Signal(range(max(2, len(widths)))), Signal(8)
    m = Module()
    m.d.comb += width.eq(width_of(layer, widths))

    async def bench(ctx):  # type: ignore[no-untyped-def]
        for index, expected in enumerate(widths):
            ctx.set(layer, index)
            assert ctx.get(width) == expected

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    assert len(width_of(Const(0), widths)) == max(widths).bit_length()


@pytest.mark.parametrize(
    ("windows", "text"),
    [
        ({"widths": (4, 0)}, r"^Windows must have at least 1 position, not \(4, 0\)$"),
        ({"widths": (4,), "together": 3}, "^Positions together must be a power of two, not 3$"),
    ],
)
def test_errors(windows: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        RowWindows(**windows)
