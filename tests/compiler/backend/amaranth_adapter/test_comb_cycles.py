# SPDX-License-Identifier: Apache-2.0
"""Combinational cycles are found where Amaranth finds them, and ladders of bits are none."""

from collections.abc import Callable

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Mux, Signal
from amaranth.hdl._nir import CombinationalCycle

from streamhw.compiler.backend.amaranth_adapter import adapted
from tests.compiler.backend.amaranth_adapter.both import both_texts


def ladder(width: int, *, closed: bool) -> Module:
    """Each bit of a signal follows the one below it; closed: the lowest follows the highest."""
    m = Module()
    bits, start = Signal(width, name="bits"), Signal(name="start")
    m.d.comb += bits[0].eq(bits[-1] if closed else start)
    m.d.comb += [bits[i].eq(~bits[i - 1]) for i in range(1, width)]
    return m


def through_cells(*, closed: bool) -> Module:
    m = Module()
    a, b, c = (Signal(8, name=name) for name in "abc")
    m.d.comb += [b.eq(a + 1), c.eq(Mux(b[0], b, 2))]
    if closed:
        m.d.comb += a.eq(c)
    return m


@pytest.mark.parametrize(
    "make",
    [lambda: ladder(40, closed=False), lambda: through_cells(closed=False)],
    ids=["bits", "cells"],
)
def test_no_cycle_is_found_where_there_is_none(make: Callable[[], Module]) -> None:
    plain, ours = both_texts(make, ports=[])
    assert ours == plain


@pytest.mark.parametrize(
    "make",
    [lambda: ladder(40, closed=True), lambda: through_cells(closed=True)],
    ids=["bits", "cells"],
)
def test_a_cycle_is_found_with_the_same_text(make: Callable[[], Module]) -> None:
    with pytest.raises(CombinationalCycle) as plain:
        rtlil.convert(make(), ports=[], emit_src=False)
    with adapted(), pytest.raises(CombinationalCycle) as ours:
        rtlil.convert(make(), ports=[], emit_src=False)
    assert str(ours.value) == str(plain.value)
