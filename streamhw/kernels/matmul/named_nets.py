# SPDX-License-Identifier: Apache-2.0
"""Registers in a row, and nets with names, as the matmul engine is written with."""

from amaranth.hdl import Module, Signal, Value

__all__ = ["delayed", "named"]


def delayed(
    m: Module,
    name: str,
    value: Value,
    cycles: int,
    enables: list[Value] | None = None,
    *,
    reset: bool = True,
) -> list[Value]:
    """The value now, after one cycle, ... after ``cycles`` cycles.

    enables: for each cycle but the last, when a value moves on; always without
    reset: whether registers have one, as those must that say what others mean
    """
    values = [value]
    for cycle in range(1, cycles + 1):
        later = Signal(value.shape(), name=f"{name}_{cycle}", reset_less=not reset)
        if enables is None:
            m.d.sync += later.eq(values[-1])
        else:
            with m.If(enables[cycle - 1]):
                m.d.sync += later.eq(values[-1])
        values.append(later)
    return values


def named(m: Module, name: str, value: Value) -> Signal:
    """A net for ``value``: each slice of an expression would copy all of it."""
    net = Signal(len(value), name=name)
    m.d.comb += net.eq(value)
    return net
