# SPDX-License-Identifier: Apache-2.0
"""``kernel.xml``: ports and arguments of a user-managed kernel (UG1702, RTL Kernel XML File)."""

from xml.etree import ElementTree

from .kernel import VitisKernel
from .kernel_shell import CONTROL, KERNEL

__all__ = ["VLNV", "kernel_xml"]

VLNV = f"streamhw:kernel:{KERNEL}:1.0"
"""Vendor, library, name and version of the packaged core."""

ADDRESS = "1"
"""addressQualifier of an argument that is an address in global memory."""


def kernel_xml(kernel: VitisKernel) -> str:
    """The text of the file."""
    root = ElementTree.Element("root", versionMajor="1", versionMinor="9")
    described = ElementTree.SubElement(
        root,
        "kernel",
        name=KERNEL,
        language="ip",
        vlnv=VLNV,
        attributes="",
        preferredWorkGroupSizeMultiple="0",
        workGroupSize="1",
        interrupt="false",
        hwControlProtocol="user_managed",
    )
    ports = ElementTree.SubElement(described, "ports")
    _port(ports, CONTROL, "slave", kernel.range, 32)
    for master in kernel.masters:
        _port(ports, master.name, "master", (1 << 64) - 1, master.width)
    arguments = ElementTree.SubElement(described, "args")
    for number, master in enumerate(kernel.masters):
        ElementTree.SubElement(
            arguments,
            "arg",
            name=master.argument,
            addressQualifier=ADDRESS,
            id=str(number),
            port=master.name,
            size="0x8",
            offset=f"{master.base:#x}",
            hostOffset="0x0",
            hostSize="0x8",
            type="void*",
        )
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _port(ports: ElementTree.Element, name: str, mode: str, span: int, width: int) -> None:
    ElementTree.SubElement(
        ports,
        "port",
        name=name,
        mode=mode,
        range=f"0x{span:X}",
        dataWidth=str(width),
        portType="addressable",
        base="0x0",
    )
