# SPDX-License-Identifier: Apache-2.0
"""Small netlists as Yosys writes them."""

from typing import Any

__all__ = ["ff", "inside", "lut", "module"]


def module(
    cells: list[dict[str, Any]],
    *,
    inputs: dict[str, list[int | str]] | None = None,
    outputs: dict[str, list[int | str]] | None = None,
    names: dict[str, list[int | str]] | None = None,
) -> dict[str, Any]:
    """A module; ``inside`` cells are called ``u0``, ``u1`` by their place, others by number."""
    ports = {
        **{port: {"direction": "input", "bits": bits} for port, bits in (inputs or {}).items()},
        **{port: {"direction": "output", "bits": bits} for port, bits in (outputs or {}).items()},
    }
    nets = {port: what["bits"] for port, what in ports.items()} | (names or {})
    return {
        "cells": {f"u{place}": cell for place, cell in enumerate(cells)},
        "ports": ports,
        "netnames": {name: {"bits": bits} for name, bits in nets.items()},
    }


def ff(q: int, **pins: int | str) -> dict[str, Any]:
    """A register of UltraScale+ on clock 1; pins: D, CE, R."""
    given = {"C": 1, "CE": "1", "R": "0", "D": "0", **pins}
    return _cell("FDRE", {port: [bit] for port, bit in given.items()}, {"Q": [q]})


def lut(y: int, *a: int | str) -> dict[str, Any]:
    """A LUT of any number of inputs."""
    return _cell("$lut", {"A": list(a)}, {"Y": [y]})


def inside(
    kind: str,
    inputs: dict[str, list[int | str]] | None = None,
    outputs: dict[str, list[int | str]] | None = None,
) -> dict[str, Any]:
    """An instance of a module."""
    return _cell(f"\\{kind}", inputs or {}, outputs or {})


def _cell(
    kind: str, inputs: dict[str, list[int | str]], outputs: dict[str, list[int | str]]
) -> dict[str, Any]:
    return {
        "type": kind,
        "port_directions": {**dict.fromkeys(inputs, "input"), **dict.fromkeys(outputs, "output")},
        "connections": {**inputs, **outputs},
    }
