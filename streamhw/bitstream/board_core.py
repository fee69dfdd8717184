# SPDX-License-Identifier: Apache-2.0
"""A design with the peripherals that make it work on a board: memory controller and host link."""

from amaranth.hdl import Module, ResetInserter, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..boards.base import Board
from ..boards.parts import BoardParts
from ..errors import UserError
from ..peripherals.host_link.uart_link import UartLink
from ..peripherals.memory_test import MemoryTest
from ..peripherals.sdram.controller import SdramController
from ..peripherals.sdram.pins import SdramPins
from ..runtime.manifest import Manifest
from ..stream.axi.arbiter import ReadArbiter, WriteArbiter
from ..stream.axi.register_map import address_width
from ..stream.axi.signature import connect_pins
from .emitted_design import EmittedDesign

__all__ = ["BoardCore", "parts_of"]

MEMORY_WIDTH = 128
READ, WRITE = ("ar", "r"), ("aw", "w", "b")


class BoardCore(wiring.Component):
    """All of a board's FPGA but its clocks and pads::

        rx, tx -- UartLink -- s_axil --> top, the emitted design
                     |                    | m_axi
                     '----> arbiters <----'
        MemoryTest ------------' |
                          SdramController -- sdram

    After a reset the memory is tested; until that has ended well, the host is not heard.

    Parameters
    ----------
    manifest: of the build; board: with parts
    tested: bytes of memory that are tested; None: all

    Members
    -------
    rx, tx: the serial line; sdram: pins of the chip, in domain ``sdram``
    ready: the memory was tested and is right; failed: it was, and is not
    lost: what came from the host was not understood, for a cycle
    busy, done: of the design

    Domains: ``sync`` for all but the chip's side. They are reset together.
    Raises: ``UserError`` if the board has no parts; ``ValueError`` if the design has not one memory
    port of 128 bits.
    """

    def __init__(self, manifest: Manifest, board: Board, *, tested: int | None = None):
        parts = parts_of(board)
        widths = [port.data_width for port in manifest.ports]
        if widths != [MEMORY_WIDTH]:
            raise ValueError(f"Design must have one memory port of 128 bits, not {widths}")
        self._manifest = manifest
        self._controller = SdramController(
            part=parts.sdram,
            clock_mhz=board.clock_mhz * parts.clock_ratio,
            read_delay=parts.read_delay,
        )
        self._link = UartLink(
            clock=board.clock_mhz * 1e6,
            baud=parts.baud,
            build=manifest.build,
            register_address=address_width(manifest.context),
        )
        self._test = MemoryTest(bytes=parts.sdram.bytes if tested is None else tested)
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "sdram": Out(SdramPins()),
                **{name: Out(1) for name in ("ready", "failed", "lost", "busy", "done")},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.controller = controller = self._controller
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
                wiring.connect(
                    m, getattr(arbiter.memory, channel), getattr(controller.bus, channel)
                )
        wiring.connect(m, controller.pins, wiring.flipped(self.sdram))
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


def parts_of(board: Board) -> BoardParts:
    """What stands around a design on a board; raises ``UserError`` if the board does not say."""
    if board.parts is None:
        raise UserError(
            f"Board {board.name} must have parts (pins, memory chip, line to a host) for a "
            "bitstream, and has none",
            hint="`parts` of a board file says what they are, as in boards/ulx3s.py",
        )
    return board.parts
