# SPDX-License-Identifier: Apache-2.0
"""Registers in front of a design's own: where the memory of each of its ports is."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ...number_checks import check_whole
from .rebase import FAR_WIDTH, PAGE_BITS
from .signature import OKAY, SLAVE_ERROR, axi4_lite

__all__ = ["BASES", "CONTROL_WIDTH", "MOST_PORTS", "PortBases", "port_base"]

CONTROL_WIDTH = 16
"""Bits of a byte address of registers: hosts see 64 KiB."""
BASES = 0x800
"""Byte address of the first base; they lie between a design's registers and its window."""
MOST_PORTS = 128
"""The bases end below 0xC00."""
BASE_BYTES = FAR_WIDTH // 8

ALL = (1 << 32) - 1
PAGES = ALL >> PAGE_BITS << PAGE_BITS


def port_base(port: int) -> int:
    """Byte address of the low word of a port's base; the high word follows."""
    check_whole("Port of a base", port, least=0, most=MOST_PORTS - 1)
    return BASES + BASE_BYTES * port


class PortBases(wiring.Component):
    """Answers accesses of its own registers, and hands all others to a design, one at a time::

        host --> request --> decode --> bases
             <-- response <----'----> design

    Parameters
    ----------
    ports: how many bases there are, 1 to ``MOST_PORTS``
    address: bits of a byte address of the design's registers, at most ``CONTROL_WIDTH``

    Members
    -------
    host: AXI4-Lite slave of ``CONTROL_WIDTH`` address bits
    design: AXI4-Lite master of ``address`` bits
    busy: In(1), bases are read-only
    bases: Out, one after another, ``FAR_WIDTH`` - ``PAGE_BITS`` bits each, in pages of 4 KiB

    Timing: a base answers 2 cycles after its request, and its port has it then; of others what the
    design takes and 2 cycles. Reads and writes do not wait for one another.
    Error: SLVERR, and nothing changes, for an address that neither has, and for a write of a base
    while ``busy``. The low 12 bits of a base read 0 and cannot be written.
    Reset: bases rest: what memory is still asked for must be at its place.
    Raises: ``ValueError`` if a parameter is out of its range.
    """

    def __init__(self, *, ports: int, address: int):
        check_whole("PortBases ports", ports, least=1, most=MOST_PORTS)
        check_whole("PortBases address", address, least=BASES.bit_length(), most=CONTROL_WIDTH)
        self._ports, self._address = ports, address
        super().__init__(
            {
                "host": In(axi4_lite(address=CONTROL_WIDTH)),
                "design": Out(axi4_lite(address=address)),
                "busy": In(1),
                "bases": Out(FAR_WIDTH - PAGE_BITS).array(ports),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = [
            Signal(32, name=f"base_{index}", reset_less=True) for index in range(2 * self._ports)
        ]
        m.d.comb += [
            base.eq((low >> PAGE_BITS) | (high << (32 - PAGE_BITS)))
            for base, low, high in zip(self.bases, words[::2], words[1::2], strict=True)
        ]
        self._writes(m, words)
        self._reads(m, words)
        return m

    def _ours(self, address: Value) -> tuple[Value, Value]:
        """Whether a base is at an address, and whether the design may have something there."""
        ours = (address >= BASES) & (address < BASES + BASE_BYTES * self._ports)
        return ours, (address >> self._address) == 0

    def _writes(self, m: Module, words: list[Signal]) -> None:
        host, design = self.host, self.design
        aw, w = (Signal(bus.p.shape(), reset_less=True) for bus in (host.aw, host.w))
        response = Signal(2, reset_less=True)
        asked, given = Signal(), Signal()  # AW and W were taken, by us or then by the design
        ours, theirs = self._ours(aw.addr)
        m.d.comb += [
            design.aw.p.eq(aw),
            design.w.p.eq(w),
            host.b.p.resp.eq(response),
        ]
        with m.FSM(name="write"):
            with m.State("REQUEST"):
                m.d.comb += [host.aw.ready.eq(~asked), host.w.ready.eq(~given)]
                with m.If(host.aw.valid & ~asked):
                    m.d.sync += [aw.eq(host.aw.p), asked.eq(1)]
                with m.If(host.w.valid & ~given):
                    m.d.sync += [w.eq(host.w.p), given.eq(1)]
                with m.If((asked | host.aw.valid) & (given | host.w.valid)):
                    m.d.sync += [asked.eq(0), given.eq(0)]
                    m.next = "DECODE"
            with m.State("DECODE"):
                m.d.sync += response.eq(SLAVE_ERROR)
                m.next = "RESPONSE"
                with m.If(ours & ~self.busy):
                    m.d.sync += response.eq(OKAY)
                    for index, word in enumerate(words):
                        with m.If((aw.addr >> 2) == (BASES >> 2) + index):
                            m.d.sync += word.eq(_written(word, w) & (ALL if index % 2 else PAGES))
                with m.Elif(~ours & theirs):
                    m.next = "DESIGN"
            with m.State("DESIGN"):
                m.d.comb += [
                    design.aw.valid.eq(~asked),
                    design.w.valid.eq(~given),
                    design.b.ready.eq(1),
                ]
                with m.If(design.aw.valid & design.aw.ready):
                    m.d.sync += asked.eq(1)
                with m.If(design.w.valid & design.w.ready):
                    m.d.sync += given.eq(1)
                with m.If(design.b.valid):
                    m.d.sync += [response.eq(design.b.p.resp), asked.eq(0), given.eq(0)]
                    m.next = "RESPONSE"
            with m.State("RESPONSE"):
                m.d.comb += host.b.valid.eq(1)
                with m.If(host.b.ready):
                    m.next = "REQUEST"

    def _reads(self, m: Module, words: list[Signal]) -> None:
        host, design = self.host, self.design
        ar, r = (Signal(bus.p.shape(), reset_less=True) for bus in (host.ar, host.r))
        asked = Signal()
        ours, theirs = self._ours(ar.addr)
        m.d.comb += [design.ar.p.eq(ar), host.r.p.eq(r)]
        with m.FSM(name="read"):
            with m.State("REQUEST"):
                m.d.comb += host.ar.ready.eq(1)
                with m.If(host.ar.valid):
                    m.d.sync += ar.eq(host.ar.p)
                    m.next = "DECODE"
            with m.State("DECODE"):
                m.d.sync += [r.data.eq(0), r.resp.eq(SLAVE_ERROR)]
                m.next = "RESPONSE"
                with m.If(ours):
                    m.d.sync += r.resp.eq(OKAY)
                    with m.Switch(ar.addr >> 2):
                        for index, word in enumerate(words):
                            with m.Case((BASES >> 2) + index):
                                m.d.sync += r.data.eq(word)
                with m.Elif(theirs):
                    m.next = "DESIGN"
            with m.State("DESIGN"):
                m.d.comb += [design.ar.valid.eq(~asked), design.r.ready.eq(1)]
                with m.If(design.ar.valid & design.ar.ready):
                    m.d.sync += asked.eq(1)
                with m.If(design.r.valid):
                    m.d.sync += [r.eq(design.r.p), asked.eq(0)]
                    m.next = "RESPONSE"
            with m.State("RESPONSE"):
                m.d.comb += host.r.valid.eq(1)
                with m.If(host.r.ready):
                    m.next = "REQUEST"


def _written(word: Signal, w: data.View) -> Value:
    """A word after a write of some of its bytes."""
    return Cat(
        Mux(w.strb[lane], w.data.word_select(lane, 8), word.word_select(lane, 8))
        for lane in range(4)
    )
