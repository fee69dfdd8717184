# SPDX-License-Identifier: Apache-2.0
"""kernel.xml, parsed and compared with the manifest of the build."""

from xml.etree import ElementTree

from streamhw.api.build import Build
from streamhw.vitis.kernel import kernel_of
from streamhw.vitis.kernel_xml import kernel_xml


def test_ports_and_arguments_are_those_of_the_manifest(card: Build) -> None:
    text = kernel_xml(kernel_of(card.manifest, card.board))
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ElementTree.fromstring(text)
    (kernel,) = root
    assert root.tag == "root" and kernel.tag == "kernel"
    assert kernel.attrib["name"] == "streamhw" and kernel.attrib["language"] == "ip"
    assert kernel.attrib["hwControlProtocol"] == "user_managed"
    assert kernel.attrib["vlnv"] == "streamhw:kernel:streamhw:1.0"
    slave, *masters = kernel.findall("ports/port")
    assert slave.attrib == {
        "name": "s_axi_control",
        "mode": "slave",
        "range": "0x10000",
        "dataWidth": "32",
        "portType": "addressable",
        "base": "0x0",
    }
    ports = card.manifest.ports
    assert [(m.attrib["name"], int(m.attrib["dataWidth"])) for m in masters] == [
        (port.name, port.data_width) for port in ports
    ]
    assert {m.attrib["mode"] for m in masters} == {"master"}
    assert {int(m.attrib["range"], 16) for m in masters} == {2**64 - 1}
    arguments = [argument.attrib for argument in kernel.findall("args/arg")]
    assert [(a["id"], a["name"], a["port"]) for a in arguments] == [
        (str(n), f"base_{port.name.removeprefix('m_axi_')}", port.name)
        for n, port in enumerate(ports)
    ]
    spans = [(int(a["offset"], 16), int(a["size"], 16)) for a in arguments]
    assert spans == [(0x800 + 8 * n, 8) for n in range(len(ports))]
    assert {a["addressQualifier"] for a in arguments} == {"1"}
    assert all(at + size <= int(slave.attrib["range"], 16) for at, size in spans)
