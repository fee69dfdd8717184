# SPDX-License-Identifier: Apache-2.0
"""The board's top: the controller's instance has all its pins, and they go where they belong."""

import re

from streamhw.api.build import Build
from streamhw.bitstream.flow import platform_named
from streamhw.boards.arty_a7_100t import PARTS
from streamhw.stream.axi.signature import axi4, pins
from streamhw.vivado.flow import archive_files
from streamhw.vivado.mig_board import memory_pins


def instance(card: Build, module: str) -> dict[str, str]:
    """What the ports of an instance of the top are connected with."""
    text = archive_files(card.manifest, card.board, "")["board.v"]
    found = re.search(rf"^  {module} (?:#\(.*?\) )?\w+ \((.*?)\);", text, re.M | re.S)
    assert found is not None
    return dict(re.findall(r"\.(\w+)\((.*?)\s*\)(?:,|$)", found[1].strip(), re.M))


def test_the_controller_has_all_its_pins(arty: Build) -> None:
    found = instance(arty, "mig")
    bus = set(pins(axi4(width=128), "s_axi")) | {"s_axi_arqos", "s_axi_awqos"}
    user = {"ui_clk", "ui_clk_sync_rst", "init_calib_complete", "aresetn", "sys_rst", "sys_clk_i"}
    user |= {"clk_ref_i", "app_sr_req", "app_ref_req", "app_zq_req"}
    chip = {"addr", "ba", "cas_n", "ck_n", "ck_p", "cke", "cs_n", "dm", "dq", "dqs_n", "dqs_p"}
    chip |= {"odt", "ras_n", "reset_n", "we_n"}
    assert found.keys() == bus | user | {f"ddr3_{name}" for name in chip}
    assert re.fullmatch(r"\S+\[(\d+):(\d+)\]", found["s_axi_araddr"])
    high, low = map(int, re.findall(r"(\d+):(\d+)", found["s_axi_araddr"])[0])
    assert high - low + 1 == 28
    assert found["s_axi_arqos"] == found["s_axi_awqos"] == "4'h0"
    assert found["ddr3_dq"] == "ddr3_0__dq__io" and found["ddr3_ck_n"] == "ddr3_0__clk__n"


def test_clocks(arty: Build) -> None:
    pll, mig = instance(arty, "PLLE2_BASE"), instance(arty, "mig")
    assert pll["CLKIN1"] == mig["sys_clk_i"] and pll["LOCKED"] == mig["sys_rst"]
    assert pll["CLKFBIN"] == pll["CLKFBOUT"]


def test_balls_of_the_chip() -> None:
    found = memory_pins(platform_named(PARTS.platform, "Vivado"))
    assert len(found) == len(set(found.values())) == 48
    assert found["ddr3_addr[13]"] == "T8" and found["ddr3_dqs_n[1]"] == "V2"
    assert found["ddr3_we_n"] == "P5" and found["ddr3_cs_n[0]"] == "U8"
