# SPDX-License-Identifier: Apache-2.0
"""A proof without a depth of the DMA that reads: bursts keep AXI's rules, and all has its room."""

from amaranth.hdl import Assert, Assume, Module, Mux, Signal, Value

from streamhw.stream.axi.read_dma import ReadDma
from streamhw.testing import prove_always
from tests.stream.axi.proof_rules import moves, past, shown_stays

BUFFER = 4


def test_reads() -> None:
    m = Module()
    m.submodules.dut = dut = ReadDma(width=8, buffer=BUFFER, burst=2, address=13)
    (bus,) = dut.bus
    length, last = bus.ar.p.len, (bus.ar.p.addr[:12] + bus.ar.p.len)[12]
    owed = Signal(range(BUFFER + 1))  # beats that memory was asked for
    inside = Signal(range(BUFFER + 1))
    m.d.sync += [
        owed.eq(owed + Mux(moves(bus.ar), length + 1, 0) - moves(bus.r)),
        inside.eq(inside + moves(bus.r) - moves(dut.o)),
    ]
    m.d.comb += [
        Assume(shown_stays(m, dut.i_command, unless=0)),
        Assume(dut.i_command.p.beats != 0),
        Assume(~bus.r.valid | (owed != 0)),
        Assert(shown_stays(m, bus.ar, unless=0)),
        Assert(shown_stays(m, dut.o, unless=0)),
        Assert(~bus.ar.valid | (length <= 1)),
        Assert(~bus.ar.valid | ~last),  # within 4 KiB
        Assert(~bus.r.valid | bus.r.ready),
        Assert(owed + inside <= BUFFER),
        Assert(~moves(dut.o) | (inside != 0)),
    ]
    inputs = [dut.i_command.valid, Value.cast(dut.i_command.payload), dut.o.ready, bus.ar.ready]
    inputs += [bus.r.valid, Value.cast(bus.r.payload)]
    full = past(m, moves(bus.r)) & (inside == BUFFER)
    prove_always(m, ports=inputs, covers=[full], depth=14)
