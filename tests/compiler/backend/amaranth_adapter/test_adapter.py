# SPDX-License-Identifier: Apache-2.0
"""The adapter changes how fast Amaranth converts, and nothing else."""

from collections.abc import Callable

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, ClockDomain, Const, Elaboratable, Instance, Module, Mux, Signal
from amaranth.hdl import _ast as ast
from amaranth.hdl import _ir as ir
from amaranth.hdl import _nir as nir
from amaranth.lib import data, enum, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from streamhw.compiler.backend.amaranth_adapter import ADAPTED_VERSIONS, adapted, is_adapted
from streamhw.compiler.backend.amaranth_adapter import adapter as adapter_module
from streamhw.stream.queue import Queue
from streamhw.stream.register_slice import RegisterSlice
from tests.compiler.backend.amaranth_adapter.both import both_texts


class Color(enum.Enum, shape=2):  # type: ignore[misc]  # Amaranth has no types
    RED = 0
    BLUE = 2


class Everything(wiring.Component):  # type: ignore[misc]  # Amaranth has no types
    """Each construct whose conversion the adapter touches."""

    a: In(70)
    s: In(data.StructLayout({"low": 5, "high": data.ArrayLayout(3, 4)}))
    o: Out(70)
    signed: Out(9)
    color: Out(Color)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.other = other = ClockDomain(async_reset=True)
        m.d.comb += [other.clk.eq(self.a[0]), other.rst.eq(self.a[1])]
        m.submodules.memory = memory = Memory(shape=7, depth=5, init=[1, 2, 100, 127])
        write, read = memory.write_port(granularity=None), memory.read_port()
        late = memory.read_port(domain="comb")
        m.d.comb += [
            write.addr.eq(self.a),
            write.data.eq(self.a[3:]),
            write.en.eq(self.a[9]),
            read.addr.eq(self.a[4:]),
            late.addr.eq(self.a[5:]),
            read.en.eq(1),
        ]
        parts, wide, split = Signal(70), Signal(70), Signal(12, init=0x5A5)
        with m.Switch(self.a[:3]):
            with m.Case(0, 3):
                m.d.comb += parts[:10].eq(self.a[20:30])
            with m.Case("1-0"):
                m.d.comb += parts.eq(Cat(self.a[i] for i in reversed(range(70))))
                m.d.other += split[6:].eq(self.s.high[1] + 1)
            with m.Default():
                m.d.sync += wide.word_select(self.a[5:9], 5).eq(self.a)
        m.d.sync += split[:6].eq(Cat(self.s.low, 1))
        # Bits of one signal that depend on each other, but not in a circle.
        ladder = Signal(8)
        m.d.comb += [ladder[0].eq(self.a[0])]
        m.d.comb += [ladder[i].eq(ladder[i - 1] ^ self.a[i]) for i in range(1, 8)]
        outside, pieces = Signal(9), Signal(16)
        m.submodules.black = Instance(
            "black", p_SIZE=3, i_x=Cat(ladder, parts[:8]), o_y=outside, o_z=pieces[3:11]
        )
        m.submodules.inner = inner = Inner()
        m.submodules.queue = queue = Queue(shape=70, depth=3)
        m.submodules.slice = crossing = RegisterSlice(shape=8, boundaries=1)
        m.d.comb += [
            inner.a.eq(wide),
            inner.b.eq(Const(5, 8)),
            queue.i.payload.eq(parts ^ inner.o),
            queue.i.valid.eq(self.a.any()),
            queue.o.ready.eq(crossing.i.ready),
            crossing.i.valid.eq(queue.o.valid),
            crossing.i.payload.eq(queue.o.payload.bit_select(self.a[:6], 8)),
            self.o.eq(Cat(crossing.o.payload, read.data, late.data, split, pieces, ladder)),
            self.signed.eq(Mux(self.a[2], outside.as_signed() >> 2, -self.s.low.as_signed())),
            self.color.eq(Mux(self.a[7], Color.RED, Color.BLUE)),
        ]
        return m


class Inner(wiring.Component):  # type: ignore[misc]  # Amaranth has no types
    """Values that only pass, a constant, and an output that nothing reads."""

    a: In(70)
    b: In(8)
    o: Out(70)
    unread: Out(4)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.deeper = deeper = RegisterSlice(shape=70, boundaries=1)
        m.d.comb += [
            deeper.i.payload.eq(self.a),
            deeper.i.valid.eq(self.b[0]),
            deeper.o.ready.eq(1),
            self.o.eq(Cat(deeper.o.payload[35:], deeper.o.payload[:35])),
            self.unread.eq(self.a + self.b),
        ]
        return m


def test_the_installed_amaranth_is_adapted() -> None:
    assert is_adapted(), f"compare the functions with this release, then widen {ADAPTED_VERSIONS}"


@pytest.mark.parametrize(
    "make",
    [
        Everything,
        Inner,
        lambda: Queue(shape=300, depth=2),
        lambda: Queue(shape=1, depth=700),
    ],
)
def test_bytes_are_equal(make: Callable[[], Elaboratable]) -> None:
    plain, ours = both_texts(make)
    assert ours == plain


def test_everything_is_as_before_after_it() -> None:
    before = [vars(owner)[name] for owner, name, _ in adapter_module._patches()]
    with pytest.raises(KeyError), adapted(), adapted():
        assert nir.Netlist.check_comb_cycles is not before
        raise KeyError
    assert [vars(owner)[name] for owner, name, _ in adapter_module._patches()] == before


def test_another_release_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ("0.5.7", "0.5.11", "0.6.0", "0.5.9.dev3"):
        monkeypatch.setattr(adapter_module, "version", lambda _, other=other: other)
        before = vars(nir.Value)["__new__"]
        with adapted():
            assert vars(nir.Value)["__new__"] is before


def _raised(build: Callable[[Module], None]) -> str:
    m = Module()
    build(m)
    with pytest.raises((nir.CombinationalCycle, ir.DriverConflict)) as caught:
        rtlil.convert(m, ports=[], emit_src=False)
    return str(caught.value)


def _cycle_of_signals(m: Module) -> None:
    a, b = Signal(3, name="a"), Signal(3, name="b")
    m.d.comb += [a.eq(b), b.eq(a)]


def _cycle_through_cells(m: Module) -> None:
    a, b, c = Signal(3, name="a"), Signal(3, name="b"), Signal(3, name="c")
    m.d.comb += [a.eq(c), b.eq(a + 1), c.eq(Mux(b[0], b, 2))]


def _two_drivers(m: Module) -> None:
    a, b = Signal(3, name="a"), Signal(2, name="b")
    m.submodules.one = Instance("one", o_x=a)
    m.submodules.two = Instance("two", o_x=b, o_y=a[1:])


@pytest.mark.parametrize("build", [_cycle_of_signals, _cycle_through_cells, _two_drivers])
def test_errors_are_equal(build: Callable[[Module], None]) -> None:
    plain = _raised(build)
    with adapted():
        assert _raised(build) == plain


def test_two_domains_conflict_with_the_same_text() -> None:
    texts = []
    for around in (pytest.MonkeyPatch.context, adapted):
        with around():
            m, a = Module(), Signal(40, name="a")
            m.d.sync += a[3:9].eq(1)
            with pytest.raises(ast.SyntaxError) as caught:
                m.d.comb += a[5:].eq(0)
            texts.append(str(caught.value))
    assert texts[0] == texts[1]
