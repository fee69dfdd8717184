# SPDX-License-Identifier: Apache-2.0
"""A signal with a layout is one wire; the name of an enumeration stays with it."""

from amaranth.back import rtlil
from amaranth.hdl import Module, Signal
from amaranth.lib import data, enum

from streamhw.compiler.backend.amaranth_adapter import adapted


class Mode(enum.Enum, shape=1):  # type: ignore[misc]  # Amaranth has no types
    READ = 0
    WRITE = 1


def text() -> str:
    m = Module()
    beat = Signal(data.StructLayout({"mode": Mode, "lanes": data.ArrayLayout(8, 100)}), name="beat")
    mode, sum_ = Signal(Mode, name="mode"), Signal(8, name="sum")
    m.d.comb += [sum_.eq(beat.lanes[3] + beat.lanes[99]), mode.eq(beat.mode)]
    return rtlil.convert(m, ports=[beat.as_value(), sum_, mode.as_value()], emit_src=False)


def test_no_wire_for_a_field() -> None:
    plain = text()
    with adapted():
        ours = text()
    assert plain.count("\\beat.lanes[") > 100 and "\\beat." not in ours
    for each in (plain, ours):
        assert 'attribute \\enum_base_type "Mode"' in each
        assert each.count("cell $add") == 1
