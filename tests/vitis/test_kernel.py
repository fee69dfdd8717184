# SPDX-License-Identifier: Apache-2.0
"""The kernel that a build becomes: what all of its texts say."""

from dataclasses import replace

import pytest

from streamhw.api.build import Build
from streamhw.boards.base import load_board
from streamhw.errors import UserError
from streamhw.stream.axi.port_bases import port_base
from streamhw.vitis.kernel import KernelMaster, check_card, kernel_of


def test_a_master_for_each_port(card: Build) -> None:
    kernel = kernel_of(card.manifest, card.board)
    assert (kernel.platform, kernel.part) == ("vendor_small_card", "xcu50-fsvh2104-2-e")
    assert (kernel.clock_hz, kernel.range) == (250_000_000, 1 << 16)
    assert kernel.masters == (
        KernelMaster(name="m_axi_mem0", width=128, bank="HBM[3]", base=port_base(0)),
        KernelMaster(name="m_axi_mem1", width=128, bank="HBM[17]", base=port_base(1)),
    )
    assert [master.argument for master in kernel.masters] == ["base_mem0", "base_mem1"]


def test_registers_are_apart(card: Build) -> None:
    """Bases and the design's own registers and window have different addresses."""
    bases = {
        at for m in kernel_of(card.manifest, card.board).masters for at in (m.base, m.base + 4)
    }
    window = range(card.manifest.window, card.manifest.window + 4 * card.manifest.context)
    assert not bases & (set(card.manifest.register_map().values()) | set(window))


@pytest.mark.parametrize("name", ["u50", "u55c"])
def test_cards_that_ship(name: str) -> None:
    board = load_board(name)
    found = check_card(board)
    assert len(set(found.banks)) == len(board.ports) == 32
    assert found.platform.startswith(f"xilinx_{name}_")


def test_boards_that_are_no_card(card: Build) -> None:
    with pytest.raises(UserError, match=r"Board ulx3s must be a card of Vitis \(platform, bank"):
        check_card(load_board("ulx3s"))
    with pytest.raises(UserError, match=r"at most 8192 tokens .* not 9000"):
        kernel_of(replace(card.manifest, context=9000), card.board)
