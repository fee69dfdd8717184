# SPDX-License-Identifier: Apache-2.0
"""Registers of 32 bits that are made of fields: what they read, and what a write does to them."""

from collections.abc import Mapping

from amaranth.hdl import Const, Mux, Signal, Value

__all__ = ["Fields", "strobed", "word"]

Fields = Mapping[int, Value]
"""The fields of a register by their lowest bits."""


def word(fields: Fields) -> Value:
    """The 32 bits that a register with these fields reads."""
    total: Value = Const(0, 32)
    for low, field in fields.items():
        total = total | (field << low)
    return total[:32]


def strobed(fields: Fields, value: Signal, strobe: Signal) -> list[object]:
    """Assignments that write those bytes of a register whose ``strobe`` is 1."""
    return [
        field[bit].eq(Mux(strobe[(low + bit) // 8], value[low + bit], field[bit]))
        for low, field in fields.items()
        for bit in range(len(field))
    ]
