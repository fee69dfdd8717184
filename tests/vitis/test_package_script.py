# SPDX-License-Identifier: Apache-2.0
"""package.tcl, read by a parser of Tcl and compared with the manifest."""

from streamhw.api.build import Build
from streamhw.stream.axi.port_watch import OUTSTANDING
from streamhw.vitis import package_script as script
from streamhw.vitis.kernel import kernel_of
from tests.vitis.tcl import commands, words


def read(card: Build) -> list[list[str]]:
    kernel = kernel_of(card.manifest, card.board)
    return commands(script.package_script(kernel, ("rtl/streamhw.v", "rtl/top.v"), "kernel.xdc"))


def test_what_is_packed(card: Build) -> None:
    lines = read(card)
    named = {line[1]: line[2] for line in lines if line[0] == "set"}
    assert words(named["sources"]) == ["rtl/streamhw.v", "rtl/top.v"]
    assert words(named["constraints"]) == ["kernel.xdc"]
    ports = card.manifest.ports
    assert [words(master) for master in words(named["masters"])] == [
        [port.name, f"{0x800 + 8 * n:#x}", f"base_{port.name.removeprefix('m_axi_')}"]
        for n, port in enumerate(ports)
    ]
    (project,) = (line for line in lines if line[0] == "create_project")
    assert project[-2:] == ["-part", "xcu50-fsvh2104-2-e"]
    last = lines[-1]
    assert last[0] == "package_xo"
    options = dict(zip(last[1::2], last[2::2], strict=True))
    assert options == {
        "-xo_path": script.OBJECT,
        "-kernel_name": "$kernel",
        "-ip_directory": "packing/core",
        "-kernel_xml": "kernel.xml",
    }


def test_clock_and_register_space(card: Build) -> None:
    lines = read(card)
    values = [line[1:] for line in lines if line[0] == "set_property"]
    assert ["value", "250000000", "$parameter"] in values
    assert ["range", "65536", "$block"] in values
    clocked = [line for line in lines if line[0] == "ipx::associate_bus_interfaces"]
    assert ["-clock", "ap_clk", "-reset", "ap_rst_n"] in [line[1:-1] for line in clocked]
    # In a loop over the masters: each has the clock, and a register that names it.
    (loop,) = (line for line in lines if line[:3] == ["foreach", "master", "$masters"])
    inner = commands(loop[3])
    assert [
        "ipx::associate_bus_interfaces",
        "-busif",
        "$name",
        "-clock",
        "ap_clk",
        "$core",
    ] in inner
    assert ["set", "register", "[ipx::add_register -quiet $argument $block]"] in inner
    assert ["set_property", "address_offset", "$offset", "$register"] in inner
    assert inner[-1] == ["set_property", "value", "$name", "$parameter"]


def test_promises_are_those_of_the_design() -> None:
    """No more bursts under way, and no longer ones, than smart connects are told."""
    assert script.OUTSTANDING == OUTSTANDING
