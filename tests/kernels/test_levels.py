# SPDX-License-Identifier: Apache-2.0
"""Kinds of modules, counts by kinds, and longest paths in levels of logic."""

import re
from pathlib import Path

import pytest
from amaranth.back import verilog
from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from streamhw.boards.base import Family
from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.kernels.norm.layernorm import NormSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.queue import Queue
from streamhw.synthesis.mapping import map_modules
from streamhw.synthesis.modules import read_modules
from streamhw.synthesis.synthesize import own_cells
from streamhw.synthesis.yosys import count_modules


def text_of(part: Elaboratable) -> str:
    return verilog.convert(part, name="top", emit_src=False, strip_internal_attrs=True)


class Parity(wiring.Component):
    """Of 64 bits between registers: two levels of LUT6, or three of LUT4; the first ``early`` bits
    come straight from the port."""

    def __init__(self, early: int = 0) -> None:
        self.early = early
        super().__init__({"i": In(64), "o": Out(1), "wire": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal(64)
        m.d.sync += [held.eq(self.i), self.o.eq(held.xor())]
        m.d.comb += self.wire.eq(self.i[: max(self.early, 1)].xor())
        return m


class Pair(wiring.Component):
    """Two equal parts, one after the other, and one that differs."""

    def __init__(self) -> None:
        super().__init__({"i": In(64), "o": Out(1), "p": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.one = one = Parity(36)
        m.submodules.two = two = Parity(36)
        m.submodules.other = other = Parity(6)
        m.d.comb += [one.i.eq(self.i), two.i[:36].eq(one.wire.replicate(36)), other.i.eq(self.i)]
        m.d.comb += two.i[36:].eq(self.i[36:])
        m.d.sync += [self.o.eq(two.wire & one.o & two.o), self.p.eq(other.o ^ other.wire)]
        return m


class Outer(wiring.Component):
    """A part of parts, and another part."""

    def __init__(self) -> None:
        super().__init__({"i": In(64), "o": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.pair = pair = Pair()
        m.submodules.rest = rest = Parity(20)
        m.d.comb += [pair.i.eq(self.i), rest.i.eq(self.i)]
        m.d.comb += self.o.eq(pair.o ^ pair.p ^ rest.o ^ rest.wire)
        return m


def test_equal_modules_are_one_kind() -> None:
    modules = read_modules(text_of(Pair()))
    assert set(modules.kinds) == {"top.one", "top.other", "top"}
    assert modules.instances() == {"top": 1, "top.one": 2, "top.other": 1}
    assert modules.kinds["top"].parts["two"] == "top.one"
    stub = modules.kinds["top.one"].stub
    assert re.search(r"input \[63:0\] i;", stub) and "blackbox" in stub and "always" not in stub


def test_pieces_of_a_part_count_by_themselves() -> None:
    modules = read_modules(text_of(Outer()))
    parts = modules.kinds["top"].parts
    counts = dict.fromkeys(modules.kinds, Cells(luts=3))
    counts |= {parts["pair"]: Cells(luts=20), parts["rest"]: Cells(luts=5)}
    counts[modules.kinds[parts["pair"]].parts["other"]] = Cells(luts=4)
    own = own_cells(modules, counts, {"pair.far": ("pair", ("one", "other"))})
    luts = {name: found.luts for name, found in own.items()}
    assert luts == {"pair": 20 - 3 - 4, "pair.far": 3 + 4, "rest": 5}


def test_content_decides_and_names_do_not() -> None:
    first, again = (read_modules(text_of(Queue(shape=8, depth=4))) for _ in range(2))
    other = read_modules(text_of(Queue(shape=9, depth=4)))
    digests = [m.kinds["top"].digest for m in (first, again, other)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(("family", "levels"), [(Family.ULTRASCALE_PLUS, 3), (Family.ECP5, 3)])
def test_levels_between_registers(family: Family, levels: int, tmp_path: Path) -> None:
    found = map_modules(read_modules(text_of(Parity())), family, tmp_path)["top"].levels
    assert 2 <= found.longest.levels <= levels
    assert found.longest.end == "o" and found.longest.begin.startswith("held")


def test_paths_go_through_modules(tmp_path: Path) -> None:
    modules = read_modules(text_of(Pair()))
    found = map_modules(modules, Family.ULTRASCALE_PLUS, tmp_path)
    inner = found["top.one"].levels
    ((level, far),) = inner.behind["wire"]
    assert level < 0 and 2 <= far["i"] <= 3  # a parity of 36 bits from the port
    assert found["top.other"].levels.behind["wire"][0][1] == {"i": 1}
    # From a register in one, through top, both parities of two: nothing from ports counts.
    assert found["top"].levels.ahead["i"] >= 4
    calls: list[tuple[int, int, str]] = []
    again = map_modules(
        modules, Family.ULTRASCALE_PLUS, tmp_path, on_module=lambda *call: calls.append(call)
    )
    assert again == found and calls == [(3, 3, "")]  # all were remembered


def test_counts_by_kinds_equal_those_of_the_whole(tmp_path: Path) -> None:
    norm = NormSpec(features=16, lanes=2, tokens=4, source=Fixed(24, 12), gamma_frac=6)
    text = text_of(norm.create())
    modules = read_modules(text)
    found = map_modules(modules, Family.ULTRASCALE_PLUS, tmp_path)
    total = Cells()
    for name, count in modules.instances().items():
        for _ in range(count):
            total += found[name].cells
    whole = count_modules(text, Family.ULTRASCALE_PLUS)["top"]
    assert total.luts == pytest.approx(whole.luts, rel=0.02)
    assert total.ffs == pytest.approx(whole.ffs, rel=0.02)
    assert (total.dsps, total.block_ram) == (whole.dsps, whole.block_ram)
