# SPDX-License-Identifier: Apache-2.0
"""Sides of cells and names of bits, as Yosys writes them."""

from streamhw.synthesis.netlist import bit_names, cell_kind, cell_sides


def test_names_of_the_source_first() -> None:
    nets = {"$abc$1": {"bits": [2]}, "one": {"bits": [2]}, "bus": {"bits": [3, "0", 4]}}
    nets["$other"] = {"bits": [5]}
    found = bit_names({"netnames": nets})
    assert found == {2: "one", 3: "bus[0]", 4: "bus[2]", 5: "$other"}


def test_sides() -> None:
    cell = {
        "type": "\\FDRE",
        "port_directions": {"D": "input", "Q": "output"},
        "connections": {"D": [2], "Q": [3]},
    }
    assert cell_kind(cell) == "FDRE"
    assert cell_sides(cell) == ({"D": [2]}, {"Q": [3]})
    shift = {"type": "$__XILINX_SHREG_", "connections": {"D": [2], "Q": [3]}}
    assert cell_sides(shift) == ({"D": [2]}, {"Q": [3]})
