# SPDX-License-Identifier: Apache-2.0
"""link.cfg, parsed as v++ does: sections of keys that may come several times."""

from collections import defaultdict

import pytest

from streamhw.api.build import Build
from streamhw.vitis.kernel import kernel_of
from streamhw.vitis.link_config import link_config


def read(text: str) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in filter(None, text.splitlines()):
        if line.startswith("["):
            section = line.removeprefix("[").removesuffix("]")
            continue
        key, equals, value = line.partition("=")
        assert equals and key.strip() == key and value
        found[section][key].append(value)
    return found


@pytest.mark.parametrize("dies", [(0,), (1,), (0, 1)])
def test_links(card: Build, dies: tuple[int, ...]) -> None:
    kernel = kernel_of(card.manifest, card.board)
    found = read(link_config(kernel, dies, before_place="floorplan.tcl"))
    assert found[""]["platform"] == ["vendor_small_card"]
    assert found[""]["kernel_frequency"] == ["250"]
    links = found["connectivity"]
    assert links["nk"] == ["streamhw:1:streamhw_1"]
    assert links["sp"] == ["streamhw_1.m_axi_mem0:HBM[3]", "streamhw_1.m_axi_mem1:HBM[17]"]
    properties = dict(value.split("=", 1) for value in found["vivado"]["prop"])
    hook = properties.get("run.impl_1.STEPS.PLACE_DESIGN.TCL.PRE")
    if len(dies) == 1:
        assert links["slr"] == [f"streamhw_1:SLR{dies[0]}"] and hook is None
    else:
        assert "slr" not in links and hook == "@PWD@/floorplan.tcl"
