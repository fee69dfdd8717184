# SPDX-License-Identifier: Apache-2.0
"""Data paths of heads that pass in parallel: one Verilog module, where there are many."""

from typing import TypeVar

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.utils import ceil_log2

from ...numerics.fixed import Fixed
from ...stream.register_slice import HOLD
from ...stream.shared_module import SharedComponent

__all__ = ["format_name", "last_round", "marked", "placed_heads"]

SHARED_FROM = 4
"""Heads that become instances of one Verilog module."""

Head = TypeVar("Head", bound=wiring.Component)


def format_name(fmt: Fixed) -> str:
    """A format's bits as part of a module's name."""
    return f"{'s' if fmt.signed else 'u'}{fmt.width}"


def last_round(length: Value, positions: int) -> Value:
    """Index of the last beat of a row of ``length`` elements, ``positions`` a beat."""
    last = length - 1
    return last if positions == 1 else last[: len(length)] >> ceil_log2(positions)


def placed_heads(m: Module, head: Head, count: int) -> list[wiring.Component]:
    """``count`` data paths like ``head`` in a module; ``head.module`` names all its parameters."""

    def make() -> wiring.Component:
        return type(head)(spec=head.spec)

    heads = [
        SharedComponent(make, head.signature.members, head.module, sealed=True)
        if count >= SHARED_FROM
        else make()
        for _ in range(count)
    ]
    for index, placed in enumerate(heads):
        m.submodules[f"head_{index}"] = placed
    return heads


def marked(m: Module, name: str, value: Value, cycles: int) -> Signal:
    """Bit n: ``value`` n + 1 cycles before, in registers that synthesis leaves to this head.

    They need no reset: what counts is only what the kernel lets in after one, and that is later.
    """
    marks = Signal(cycles, name=name, attrs=HOLD, reset_less=True)
    m.d.sync += marks.eq(Cat(value, marks))
    return marks
