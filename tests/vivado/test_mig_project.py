# SPDX-License-Identifier: Apache-2.0
"""mig.prj, parsed and compared with the board file."""

from xml.etree import ElementTree

from streamhw.boards.arty_a7_100t import PARTS
from streamhw.vivado.mig_project import mig_project

PINS = {
    "ddr3_dq[0]": "K5",
    "ddr3_dqs_p[0]": "N2",
    "ddr3_dqs_n[0]": "N1",
    "ddr3_ck_n[0]": "V9",
    "ddr3_cs_n[0]": "U8",
    "ddr3_reset_n": "K6",
}


def test_what_the_generator_is_told() -> None:
    root = ElementTree.fromstring(mig_project(PARTS, "xc7a100ti-csg324/-1L", PINS))
    assert root.findtext("TargetFPGA") == "xc7a100ti-csg324/-1L"
    assert root.findtext("ModuleName") == "mig"
    (controller,) = root.findall("Controller")
    told = {each.tag: each.text for each in controller}
    assert told["MemoryDevice"] == PARTS.memory
    assert (told["TimePeriod"], told["PHYRatio"], told["PortInterface"]) == ("3077", "4:1", "AXI")
    assert told["InputClkFreq"] == "99.997"
    assert (told["C0_MEM_SIZE"], told["MemoryVoltage"]) == ("268435456", "1.35V")
    assert [told[f"{name}Address"] for name in ("Row", "Col", "Bank")] == ["14", "10", "3"]
    assert (told["mrCasLatency"], told["mr2CasWriteLatency"]) == ("5", "5")
    assert int(told["DataWidth"] or 0) * 8 == 128, "of a beat: eight words of the chip"
    (times,) = controller.findall("TimingParameters/Parameters")
    assert {key: float(value) for key, value in times.attrib.items()} == dict(PARTS.timing)
    bus = {each.tag: each.text for each in controller.findall("AXIParameters/*")}
    assert (bus["C0_S_AXI_ADDR_WIDTH"], bus["C0_S_AXI_DATA_WIDTH"]) == ("28", "128")
    assert bus["C0_S_AXI_ID_WIDTH"] == "4"


def test_pins_and_their_standards() -> None:
    root = ElementTree.fromstring(mig_project(PARTS, "xc7a100ti-csg324/-1L", PINS))
    pins = [pin.attrib for pin in root.findall("Controller/PinSelection/Pin")]
    assert {pin["name"]: pin["PADName"] for pin in pins} == PINS
    pairs = {pin["name"] for pin in pins if pin["IOSTANDARD"] == "DIFF_SSTL135"}
    assert pairs == {"ddr3_dqs_p[0]", "ddr3_dqs_n[0]", "ddr3_ck_n[0]"}
    assert {pin["IOSTANDARD"] for pin in pins} == {"SSTL135", "DIFF_SSTL135"}
