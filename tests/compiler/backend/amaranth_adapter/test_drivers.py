# SPDX-License-Identifier: Apache-2.0
"""Assignments to whole signals and to parts: equal text, and equal complaints."""

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, Module, Signal
from amaranth.hdl import _ast as ast

from streamhw.compiler.backend.amaranth_adapter import adapted
from tests.compiler.backend.amaranth_adapter.both import both_texts


def parts() -> Module:
    """Bits of one signal from two domains, under conditions, and past the end of a value."""
    m = Module()
    a, choose = Signal(70, name="a"), Signal(3, name="choose")
    wide, narrow = Signal(90, name="wide"), Signal(5, name="narrow")
    m.d.sync += wide[:40].eq(a)
    m.d.comb += wide[40:].eq(Cat(a[1:], narrow).as_signed())
    with m.If(choose[0]):
        m.d.comb += narrow.eq(a[::-1])
        with m.Switch(choose):
            with m.Case(1):
                m.d.comb += narrow[2].eq(1)
            with m.Default():
                m.d.comb += narrow.eq(choose)
    return m


def test_text_is_equal() -> None:
    plain, ours = both_texts(parts, ports=[])
    assert ours == plain


@pytest.mark.parametrize(("first", "second"), [(slice(3, 9), slice(5, None)), (slice(None), 0)])
def test_a_bit_of_two_domains_is_refused_alike(first: slice, second: slice | int) -> None:
    texts = []
    for around in (pytest.MonkeyPatch.context, adapted):
        with around():
            m, a = Module(), Signal(40, name="a")
            m.d.sync += a[first].eq(1)
            with pytest.raises(ast.SyntaxError) as caught:
                m.d.comb += a[second].eq(0)
            texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_a_signal_driven_in_two_modules_is_refused_alike() -> None:
    texts = []
    for around in (pytest.MonkeyPatch.context, adapted):
        with around():
            m, a = Module(), Signal(8, name="a")
            for name in ("one", "two"):
                m.submodules[name] = inner = Module()
                inner.d.comb += a.eq(1)
            with pytest.raises(Exception, match="driven") as caught:
                rtlil.convert(m, ports=[], emit_src=False)
            texts.append(f"{type(caught.value).__name__}: {caught.value}")
    assert texts[0] == texts[1]
