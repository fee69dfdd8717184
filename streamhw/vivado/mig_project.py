# SPDX-License-Identifier: Apache-2.0
"""``mig.prj``: what the vendor's generator of DDR3 controllers is told (MIG 7 series, UG586)."""

from collections.abc import Mapping
from math import floor
from xml.etree import ElementTree

from ..boards.vivado_parts import VivadoParts

__all__ = ["ADDRESS_BITS", "MODULE", "mig_project"]

MODULE = "mig"
"""Of the generated controller."""
ADDRESS_BITS = 28
"""Of a byte address at the controller: 256 MiB."""

MODE = (
    ("mrBurstLength", "Burst Length", "8 - Fixed"),
    ("mrBurstType", "Read Burst Type and Length", "Sequential"),
    ("mrCasLatency", "CAS Latency", "{latency}"),
    ("mrMode", "Mode", "Normal"),
    ("mrDllReset", "DLL Reset", "No"),
    ("mrPdMode", "DLL control for precharge PD", "Slow Exit"),
    ("emrDllEnable", "DLL Enable", "Enable"),
    ("emrOutputDriveStrength", "Output Driver Impedance Control", "RZQ/6"),
    ("emrMirrorSelection", "Address Mirroring", "Disable"),
    ("emrCSSelection", "Controller Chip Select Pin", "Enable"),
    ("emrRTT", "RTT (nominal) - On Die Termination (ODT)", "RZQ/6"),
    ("emrPosted", "Additive Latency (AL)", "0"),
    ("emrOCD", "Write Leveling Enable", "Disabled"),
    ("emrDQS", "TDQS enable", "Enabled"),
    ("emrRDQS", "Qoff", "Output Buffer Enabled"),
    ("mr2PartialArraySelfRefresh", "Partial-Array Self Refresh", "Full Array"),
    ("mr2CasWriteLatency", "CAS write latency", "{write_latency}"),
    ("mr2AutoSelfRefresh", "Auto Self Refresh", "Enabled"),
    ("mr2SelfRefreshTempRange", "High Temparature Self Refresh Rate", "Normal"),
    ("mr2RTTWR", "RTT_WR - Dynamic On Die Termination (ODT)", "Dynamic ODT off"),
)
"""Mode registers of the chip: element, name, value; one name is misspelled as the tool wants it."""


def mig_project(parts: VivadoParts, device: str, pins: Mapping[str, str]) -> str:
    """The text of the file.

    device: of the FPGA as MIG calls it, ``xc7a100ti-csg324/-1L``
    pins: balls by the names of the controller's pins, ``ddr3_dq[0]``
    """
    root = ElementTree.Element("Project", NoOfControllers="1")
    _texts(
        root,
        ModuleName=MODULE,
        dci_inouts_inputs=1,
        dci_inputs=1,
        Debug_En="OFF",
        DataDepth_En=1024,
        LowPower_En="ON",
        XADC_En="Enabled",
        TargetFPGA=device,
        Version="4.2",
        SystemClock="No Buffer",
        ReferenceClock="No Buffer",
        SysResetPolarity="ACTIVE LOW",
        BankSelectionFlag="FALSE",
        InternalVref=1,
        dci_hr_inouts_inputs="50 Ohms",
        dci_cascade=0,
    )
    controller = ElementTree.SubElement(root, "Controller", number="0")
    _texts(
        controller,
        MemoryDevice=parts.memory,
        TimePeriod=parts.period_ps,
        VccAuxIO="1.8V",
        PHYRatio="4:1",
        # Cut off, not rounded: the tool compares it with its own list.
        InputClkFreq=floor(1e9 / parts.period_ps / parts.ratio) / 1e3,
        UIExtraClocks=0,
        MMCM_VCO=round(2 * 1e6 / parts.period_ps),
        **{f"MMCMClkOut{number}": 1 for number in range(5)},
        DataWidth=16,
        DeepMemory=1,
        DataMask=1,
        ECC="Disabled",
        Ordering="Normal",
        BankMachineCnt=4,
        CustomPart="FALSE",
        NewPartName="",
        RowAddress=parts.row_bits,
        ColAddress=parts.column_bits,
        BankAddress=parts.bank_bits,
        MemoryVoltage=f"{parts.voltage}V",
        C0_MEM_SIZE=parts.bytes,
        UserMemoryAddressMap="BANK_ROW_COLUMN",
    )
    placed = ElementTree.SubElement(controller, "PinSelection")
    standard = f"SSTL{round(100 * parts.voltage)}"
    for name, ball in pins.items():
        pair = name.split("[")[0].endswith(("_p", "_n")) and ("ck_" in name or "dqs_" in name)
        ElementTree.SubElement(
            placed,
            "Pin",
            VCCAUX_IO="",
            IOSTANDARD=f"DIFF_{standard}" if pair else standard,
            PADName=ball,
            SLEW="",
            name=name,
            IN_TERM="",
        )
    control = ElementTree.SubElement(controller, "System_Control")
    for name in ("sys_rst", "init_calib_complete", "tg_compare_error"):
        ElementTree.SubElement(control, "Pin", Bank="Select Bank", PADName="No connect", name=name)
    times = ElementTree.SubElement(controller, "TimingParameters")
    ElementTree.SubElement(times, "Parameters", {key: f"{value:g}" for key, value in parts.timing})
    for element, name, value in MODE:
        text = value.format(latency=parts.latency, write_latency=parts.write_latency)
        ElementTree.SubElement(controller, element, name=name).text = text
    _texts(controller, PortInterface="AXI")
    bus = ElementTree.SubElement(controller, "AXIParameters")
    _texts(
        bus,
        C0_C_RD_WR_ARB_ALGORITHM="RD_PRI_REG",
        C0_S_AXI_ADDR_WIDTH=ADDRESS_BITS,
        C0_S_AXI_DATA_WIDTH=128,
        C0_S_AXI_ID_WIDTH=4,
        C0_S_AXI_SUPPORTS_NARROW_BURST=0,
    )
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, "unicode")}\n'


def _texts(parent: ElementTree.Element, **texts: object) -> None:
    for name, text in texts.items():
        ElementTree.SubElement(parent, name).text = str(text)
