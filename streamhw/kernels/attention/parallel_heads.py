# SPDX-License-Identifier: Apache-2.0
"""Data paths of heads that pass in parallel: one Verilog module, where there are many."""

from typing import TypeVar

from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.utils import ceil_log2

from ...numerics.fixed import Fixed
from ...stream.verilog_module import SharedModule, SourceFiles, add_module

__all__ = ["format_name", "last_round", "placed_heads"]

SHARED_FROM = 4
"""Heads that become instances of one Verilog module, if the platform of the elaboration takes
source files (``add_file``)."""

Head = TypeVar("Head", bound=wiring.Component)


def format_name(fmt: Fixed) -> str:
    """A format's bits as part of a module's name."""
    return f"{'s' if fmt.signed else 'u'}{fmt.width}"


def last_round(length: Value, positions: int) -> Value:
    """Index of the last beat of a row of ``length`` elements, ``positions`` a beat."""
    last = length - 1
    return last if positions == 1 else last[: len(length)] >> ceil_log2(positions)


def placed_heads(m: Module, head: Head, count: int, platform: object) -> list[wiring.Component]:
    """``count`` data paths like ``head`` in a module; ``head.module`` names all its parameters."""
    if count >= SHARED_FROM and isinstance(platform, SourceFiles):
        name = head.module
        add_module(platform, head, name)
        heads: list[wiring.Component] = [SharedModule(head, name) for _ in range(count)]
    else:
        heads = [type(head)(spec=head.spec) for _ in range(count)]
    for index, placed in enumerate(heads):
        m.submodules[f"head_{index}"] = placed
    return heads
