# SPDX-License-Identifier: Apache-2.0
"""Reads Yosys' JSON netlists: the sides of cells, names of bits."""

from collections.abc import Mapping
from typing import Any

__all__ = ["Bit", "bit_names", "cell_kind", "cell_sides"]

Bit = int | str
"""A net of one bit by its number, or a constant."""


def cell_kind(cell: Mapping[str, Any]) -> str:
    """The type of a cell as it is in the source."""
    kind: str = cell["type"]
    return kind.lstrip("\\")


def cell_sides(cell: Mapping[str, Any]) -> tuple[dict[str, list[Bit]], dict[str, list[Bit]]]:
    """Bits at the inputs and at the outputs of a cell, by port."""
    # Yosys' own shift registers come without directions.
    directions = cell.get("port_directions", {"Q": "output"})
    inputs: dict[str, list[Bit]] = {}
    outputs: dict[str, list[Bit]] = {}
    for port, bits in cell["connections"].items():
        (outputs if directions.get(port) == "output" else inputs)[port] = bits
    return inputs, outputs


def bit_names(netlist: Mapping[str, Any]) -> dict[Bit, str]:
    """A name for every bit: one from the source, if there is any."""
    names: dict[Bit, str] = {}
    for name, net in sorted(netlist["netnames"].items(), key=lambda item: "$" in item[0]):
        for place, bit in enumerate(net["bits"]):
            if isinstance(bit, int) and bit not in names:
                names[bit] = name if len(net["bits"]) == 1 else f"{name}[{place}]"
    return names
