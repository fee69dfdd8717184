# SPDX-License-Identifier: Apache-2.0
"""A design with the peripherals that make it work on a board: memory controller and host link."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..boards.base import Board
from ..boards.parts import BoardParts
from ..errors import UserError
from ..peripherals.sdram.controller import SdramController
from ..peripherals.sdram.pins import SdramPins
from ..runtime.manifest import Manifest
from .hosted_core import HostedCore

__all__ = ["BoardCore", "parts_of"]

STATUS = ("ready", "failed", "lost", "busy", "done")


class BoardCore(wiring.Component):
    """All of a board's FPGA but its clocks and pads::

        rx, tx -- HostedCore, with the emitted design -- SdramController -- sdram

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
        self._controller = SdramController(
            part=parts.sdram,
            clock_mhz=board.clock_mhz * parts.clock_ratio,
            read_delay=parts.read_delay,
        )
        self._core = HostedCore(
            manifest,
            clock_hz=board.clock_mhz * 1e6,
            baud=parts.baud,
            tested=parts.sdram.bytes if tested is None else tested,
        )
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "sdram": Out(SdramPins()),
                **{name: Out(1) for name in STATUS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.controller = controller = self._controller
        m.submodules.core = core = self._core
        wiring.connect(m, core.memory, controller.bus)
        wiring.connect(m, controller.pins, wiring.flipped(self.sdram))
        m.d.comb += [core.rx.eq(self.rx), self.tx.eq(core.tx)]
        m.d.comb += [getattr(self, name).eq(getattr(core, name)) for name in STATUS]
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
