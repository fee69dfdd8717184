# SPDX-License-Identifier: Apache-2.0
"""Writes of AXI4-Lite, for all hosts and for ever: each is carried out once, and answered once."""

import pytest
from amaranth.hdl import Assert, Module, Mux, Signal, Value
from amaranth.lib import wiring

from streamhw.stream.axi.lite_write import LiteWrite
from streamhw.stream.axi.signature import OKAY, SLAVE_ERROR
from streamhw.testing import ProofError, prove_always
from tests.stream.axi.proof_rules import held, moves, past, shown_stays


def prove_writes(dut: wiring.Component) -> None:
    m = Module()
    m.submodules.dut = dut
    address, data, answer = moves(dut.aw), moves(dut.w), moves(dut.b)
    named, given, due = Signal(), Signal(), Signal()  # not carried out; carried out, not answered
    m.d.sync += [
        named.eq((named | address) & ~dut.acts),
        given.eq((given | data) & ~dut.acts),
        due.eq((due | dut.acts) & ~answer),
    ]
    ready = named & given & ~due & ~dut.waits
    m.d.comb += [
        Assert(shown_stays(m, dut.b, unless=0)),
        Assert(~address | ~named),
        Assert(~data | ~given),
        Assert(dut.acts == ready),  # at once, and never without both
        Assert(dut.b.valid == due),
        Assert(~dut.acts | (dut.address == held(m, dut.aw.p.addr, address))),
        Assert(~dut.acts | (dut.value == held(m, dut.w.p.data, data))),
        Assert(~dut.acts | (dut.strobe == held(m, dut.w.p.strb, data))),
        Assert(~past(m, dut.acts) | (dut.b.p.resp == past(m, Mux(dut.good, OKAY, SLAVE_ERROR)))),
    ]
    inputs = [dut.waits, dut.good, dut.aw.valid, dut.w.valid, dut.b.ready]
    inputs += [Value.cast(dut.aw.payload), Value.cast(dut.w.payload)]
    prove_always(m, ports=inputs, covers=[past(m, answer) & dut.acts], depth=8)


def test_writes() -> None:
    prove_writes(LiteWrite(address=2))


class Hasty(wiring.Component):
    """Takes the answer for granted."""

    def __init__(self) -> None:
        self._inner = LiteWrite(address=2)
        super().__init__(dict(self._inner.signature.members))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = inner = self._inner
        for channel in ("aw", "w", "b"):
            wiring.connect(m, getattr(inner, channel), wiring.flipped(getattr(self, channel)))
        m.d.comb += [
            *(inner.waits.eq(self.waits), inner.good.eq(self.good), self.acts.eq(inner.acts)),
            *(self.address.eq(inner.address), self.value.eq(inner.value)),
            *(self.strobe.eq(inner.strobe), inner.b.ready.eq(1)),
        ]
        return m


def test_a_hasty_one_is_refuted() -> None:
    with pytest.raises(ProofError, match="an assertion fails"):
        prove_writes(Hasty())
