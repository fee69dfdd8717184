# SPDX-License-Identifier: Apache-2.0
"""A design with what a board needs around it but memory: host link, memory test, arbiters."""

from amaranth.hdl import Module, ResetInserter, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..peripherals.host_link.uart_link import UartLink
from ..peripherals.memory_test import MemoryTest
from ..runtime.manifest import Manifest
from ..stream.axi.arbiter import ReadArbiter, WriteArbiter
from ..stream.axi.register_map import address_width
from ..stream.axi.signature import axi4, connect_pins
from .emitted_design import EmittedDesign

__all__ = ["MEMORY_WIDTH", "HostedCore"]

MEMORY_WIDTH = 128
"""Bits of a beat of the memory that host link and test share with a design."""
READ, WRITE = ("ar", "r"), ("aw", "w", "b")


class HostedCore(wiring.Component):
    """A design that a host reaches by a serial line, and its way to memory::

        rx, tx -- UartLink -- s_axil --> top, the emitted design
                     |                    | m_axi
                     '----> arbiters <----'
        MemoryTest ------------' |
                               memory

    After a reset the memory is tested; until that has ended well, the host is not heard.

    Parameters
    ----------
    manifest: of the build
    clock_hz: of domain ``sync``; baud: of the line, bits a second
    tested: bytes of memory that are tested, from address 0 on

    Members
    -------
    rx, tx: the serial line
    memory: AXI4 master of 128 bits
    ready: the memory was tested and is right; failed: it was, and is not
    lost: what came from the host was not understood, for a cycle
    busy, done: of the design

    Domain: ``sync``, which is reset together with memory.
    Raises: ``ValueError`` if the design has not one memory port of 128 bits.
    """

    def __init__(self, manifest: Manifest, *, clock_hz: float, baud: int, tested: int):
        widths = [port.data_width for port in manifest.ports]
        if widths != [MEMORY_WIDTH]:
            raise ValueError(f"Design must have one memory port of 128 bits, not {widths}")
        self._manifest = manifest
        self._link = UartLink(
            clock=clock_hz,
            baud=baud,
            build=manifest.build,
            register_address=address_width(manifest.context),
        )
        self._test = MemoryTest(bytes=tested)
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "memory": Out(axi4(width=MEMORY_WIDTH)),
                **{name: Out(1) for name in ("ready", "failed", "lost", "busy", "done")},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.test = test = self._test
        link = self._link
        m.submodules.link = ResetInserter(~test.passed)(link)
        m.submodules.design = design = EmittedDesign(self._manifest)
        m.submodules.reads = reads = ReadArbiter(masters=3, width=MEMORY_WIDTH)
        m.submodules.writes = writes = WriteArbiter(masters=3, width=MEMORY_WIDTH)

        connect_pins(m, design, self._manifest.control, link.registers)
        for arbiter, channels in ((reads, READ), (writes, WRITE)):
            connect_pins(m, design, self._manifest.ports[0].name, arbiter.masters[0])
            for channel in channels:
                for master, bus in zip(arbiter.masters[1:], (link.memory, test.bus), strict=True):
                    wiring.connect(m, getattr(bus, channel), getattr(master, channel))
                outer = wiring.flipped(getattr(self.memory, channel))
                wiring.connect(m, getattr(arbiter.memory, channel), outer)
        m.d.comb += [
            design.rst.eq(ResetSignal() | link.design_reset),
            design.memory_rst.eq(ResetSignal()),
            link.rx.eq(self.rx),
            self.tx.eq(link.tx),
            self.ready.eq(test.passed),
            self.failed.eq(test.failed),
            self.lost.eq(link.bad_frame | link.framing_error),
            self.busy.eq(design.stat_busy),
            self.done.eq(design.stat_done),
        ]
        return m
