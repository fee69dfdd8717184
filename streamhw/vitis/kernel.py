# SPDX-License-Identifier: Apache-2.0
"""What all texts of a package say alike: the kernel's interfaces, registers and clock."""

from dataclasses import dataclass

from ..boards.base import Board
from ..boards.vitis_card import VitisCard
from ..errors import UserError
from ..runtime.manifest import Manifest
from ..stream.axi.port_bases import CONTROL_WIDTH, port_base
from .kernel_shell import check_context

__all__ = ["KernelMaster", "VitisKernel", "check_card", "kernel_of"]


@dataclass(frozen=True, kw_only=True)
class KernelMaster:
    """An AXI4 master of a kernel, and the register that says where its memory is.

    name: prefix of its pins; width: of its data, in bits; bank: the memory that it is linked to
    base: byte address of the register, which has 64 bits
    """

    name: str
    width: int
    bank: str
    base: int

    @property
    def argument(self) -> str:
        """The register's name."""
        return f"base_{self.name.removeprefix('m_axi_')}"


@dataclass(frozen=True, kw_only=True)
class VitisKernel:
    """A kernel as XML, Tcl and link configuration describe it.

    range: bytes of the register space; clock_hz: of ap_clk
    """

    platform: str
    part: str
    clock_hz: int
    range: int
    masters: tuple[KernelMaster, ...]


def kernel_of(manifest: Manifest, board: Board) -> VitisKernel:
    """The kernel that a build becomes on its board.

    Vitis is told of the bases alone: it needs a register for each master, to link it to memory. All
    others are in the manifest, for hosts.

    Raises ``UserError`` as ``check_card`` and ``check_context`` do.
    """
    check_context(manifest.context)
    card = check_card(board)
    return VitisKernel(
        platform=card.platform,
        part=board.part,
        clock_hz=round(board.clock_mhz * 1e6),
        range=1 << CONTROL_WIDTH,
        masters=tuple(
            KernelMaster(name=port.name, width=port.data_width, bank=bank, base=port_base(index))
            for index, (port, bank) in enumerate(zip(manifest.ports, card.banks, strict=True))
        ),
    )


def check_card(board: Board) -> VitisCard:
    """What Vitis must be told of a board; raises ``UserError`` if the board does not say."""
    if board.card is None:
        raise UserError(
            f"Board {board.name} must be a card of Vitis (platform, bank of each memory port) for "
            "a kernel, and is none",
            hint="`card` of a board file says what they are, as in boards/u55c.py",
        )
    return board.card
