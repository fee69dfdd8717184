# SPDX-License-Identifier: Apache-2.0
"""The top of a simulated board: the ports that ``board.cpp`` names, and no emitted design."""

import re

from streamhw.api.build import Build
from streamhw.bitstream.board_core import BoardCore
from streamhw.testing.board.simulated_top import TOP, simulated_top

PORTS = """clk rst chip_clk rx tx lost ready failed busy done chip_cke chip_cs_n chip_ras_n
chip_cas_n chip_we_n chip_ba chip_a chip_dqm chip_dq_o chip_dq_oe chip_dq_i"""


def test_ports(small: Build) -> None:
    text = simulated_top(BoardCore(small.manifest, small.board))
    (ports,) = re.findall(rf"^module {TOP}\((.*?)\);", text, re.M | re.S)
    assert {port.strip() for port in ports.split(",")} == set(PORTS.split())
    assert not re.search(r"^module \\?top\b", text, re.M)
