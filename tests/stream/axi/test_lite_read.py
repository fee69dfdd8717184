# SPDX-License-Identifier: Apache-2.0
"""Reads of AXI4-Lite, for all hosts and for ever: one answer each, 3 cycles after the address."""

from amaranth.hdl import Assert, Module, Mux, Signal, Value

from streamhw.stream.axi.lite_read import LiteRead
from streamhw.stream.axi.signature import OKAY, SLAVE_ERROR
from streamhw.testing import prove_always
from tests.stream.axi.proof_rules import held, moves, past, shown_stays


def test_reads() -> None:
    dut = LiteRead(address=2)
    m = Module()
    m.submodules.dut = dut
    address, answer = moves(dut.ar), moves(dut.r)
    asked, due = Signal(), Signal()  # not carried out; carried out, not answered
    m.d.sync += [
        asked.eq((asked | address) & ~dut.acts),
        due.eq((due | dut.acts) & ~answer),
    ]
    shown = past(m, asked & ~dut.acts)  # since the cycle before
    response = past(m, Mux(dut.good, OKAY, SLAVE_ERROR))
    m.d.comb += [
        Assert(shown_stays(m, dut.r, unless=0)),
        Assert(~address | ~asked),
        Assert(dut.acts == (asked & shown & ~due)),
        Assert(dut.r.valid == due),
        Assert(~asked | (dut.address == held(m, dut.ar.p.addr, address))),
        Assert(~past(m, dut.acts) | (dut.r.p.resp == response)),
        Assert(~past(m, dut.acts) | (dut.r.p.data == past(m, Mux(dut.good, dut.value, 0)))),
    ]
    inputs = [dut.good, dut.value, dut.ar.valid, dut.r.ready, Value.cast(dut.ar.payload)]
    latency = past(m, past(m, past(m, address)))
    prove_always(m, ports=inputs, covers=[dut.r.valid & latency, due & address], depth=8)
