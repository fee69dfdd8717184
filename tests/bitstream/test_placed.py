# SPDX-License-Identifier: Apache-2.0
"""nextpnr's report: clocks by their domain, cells, and the longest path of the slowest clock."""

import json
from pathlib import Path

import pytest

from streamhw.bitstream.placed import Placed
from streamhw.errors import ToolError

MEMORY = "$glbnet$core.controller.sdram_clk"


def segment(kind: str, delay: float, net: str | None = None) -> dict[str, object]:
    ends = {"from": {"cell": "a", "port": "Q"}, "to": {"cell": "b", "port": "D"}}
    return {**ends, "type": kind, "delay": delay, **({"net": net} if net else {})}


REPORT = {
    "fmax": {
        "$glbnet$clk": {"achieved": 50.0, "constraint": 55.0},
        MEMORY: {"achieved": 121.5, "constraint": 110.0},
    },
    "utilization": {
        "TRELLIS_COMB": {"used": 10, "available": 100},
        "DP16KD": {"used": 3, "available": 208},
        "DCCA": {"used": 3, "available": 56},
    },
    "critical_paths": [
        {
            "from": "posedge $glbnet$core.controller.sdram_clk",
            "to": "posedge $glbnet$core.controller.sdram_clk",
            "path": [],
        },
        {
            "from": "posedge $glbnet$clk",
            "to": "posedge $glbnet$clk",
            "path": [
                segment("clk-to-q", 0.5),
                segment("routing", 12.5, "wide"),
                segment("setup", 1.0),
            ],
        },
    ],
}


def placed(tmp_path: Path, report: object) -> Placed:
    (tmp_path / "report.json").write_text(json.dumps(report))
    return Placed.of_report(tmp_path / "report.json")


def test_what_a_report_says(tmp_path: Path) -> None:
    found = placed(tmp_path, REPORT)
    assert [(c.name, c.wanted, c.reached, c.met) for c in found.clocks] == [
        ("sdram", 110.0, 121.5, True),
        ("sync", 55.0, 50.0, False),
    ]
    assert not found.met
    assert found.cells == {"LUT": (10, 100), "block RAM": (3, 208)}
    assert [(part.kind, part.through) for part in found.path] == [
        ("clk-to-q", "b"),
        ("routing", "wide"),
        ("setup", "b"),
    ]
    assert (found.logic, found.wires) == (1.5, 12.5)
    assert json.loads(found.to_json())["clocks"][0]["reached"] == 121.5


def test_clocks_that_are_met(tmp_path: Path) -> None:
    fast = {net: {"achieved": 200.0, "constraint": 110.0} for net in ("$glbnet$clk", MEMORY)}
    assert placed(tmp_path, {**REPORT, "fmax": fast}).met


@pytest.mark.parametrize("report", [{}, [], {"fmax": {"clk": 3}}, {**REPORT, "fmax": {}}])
def test_what_is_no_report(tmp_path: Path, report: object) -> None:
    with pytest.raises(ToolError, match="nextpnr must write its report, but"):
        placed(tmp_path, report)


def test_no_report(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="nextpnr must write its report, but"):
        Placed.of_report(tmp_path / "none.json")
