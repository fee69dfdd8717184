# SPDX-License-Identifier: Apache-2.0
"""Sums and comparisons have operands of one width; products have short ones."""

import re

from amaranth.back import rtlil
from amaranth.hdl import Module, Signal, signed

from streamhw.compiler.backend.amaranth_adapter import adapted

WIDTHS = re.compile(r"cell (\$\w+) .*?A_WIDTH (\d+)\s+parameter \\B_WIDTH (\d+)", re.DOTALL)


def make() -> Module:
    m = Module()
    a, b, c = Signal(signed(5)), Signal(signed(9)), Signal(3)
    for n, value in enumerate((a + b, b - c, a < b, c > 1, c != 1, a == b, a * b, c * c)):
        m.d.sync += Signal(20, name=f"o{n}").eq(value)
    m.d.sync += [a.eq(a + 1), b.eq(b - 1), c.eq(c + 1)]
    return m


def test_widths() -> None:
    plain = WIDTHS.findall(rtlil.convert(make(), ports=[], emit_src=False))
    with adapted():
        ours = WIDTHS.findall(rtlil.convert(make(), ports=[], emit_src=False))
    assert [kind for kind, _, _ in ours] == [kind for kind, _, _ in plain]
    sums = [(a, b) for kind, a, b in ours if kind != "$mul"]
    assert len(sums) >= 9 and all(a == b for a, b in sums)
    products = [found for found in ours if found[0] == "$mul"]
    assert products == [found for found in plain if found[0] == "$mul"]
    assert [(a, b) for _, a, b in products] == [("5", "9"), ("3", "3")]
