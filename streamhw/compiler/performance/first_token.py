# SPDX-License-Identifier: Apache-2.0
"""How late in a step the first token's row is whole, where rows come piece by piece."""

from functools import lru_cache

import numpy as np

from ...stream.converter.spec import ConverterSpec
from ...stream.itensor.itensor import ITensor, SymbolValues
from ...stream.spec import Role
from ..ir.levels import Netlist
from ..ir.netlist import Instance

__all__ = ["first_token", "writer_order"]


def writer_order(design: Netlist, writer: Instance) -> ITensor | None:
    """The order in which the rows that a part writes came from their product, before something put
    it right; None if it was right."""
    reached = {writer.name}
    ahead = [writer]
    while ahead:
        instance = ahead.pop()
        if isinstance(instance.part, ConverterSpec):
            return instance.part.source
        for channel in design.into(instance.name):
            if channel.value is None or instance.port(channel.sink.port).role is not Role.DATA:
                continue
            before = design.instance(channel.source.instance)
            if before.name not in reached and not before.part.behaviour().contexts:
                reached.add(before.name)
                ahead.append(before)
    return None


def first_token(order: ITensor | None, symbol_values: SymbolValues) -> float:
    """Where in the time from the first token's row to the last one's the first is there, if rows
    come in the order of ``order``: 0 if one comes after the other, 1 if all are whole at the end,
    as a single one is."""
    tokens = symbol_values["tokens"]
    assert isinstance(tokens, int)
    if tokens == 1:
        return 1.0
    return 0.0 if order is None else _first(order, tokens)


@lru_cache(maxsize=1024)
def _first(order: ITensor, tokens: int) -> float:
    offsets = order.order({"tokens": tokens})
    whole = (1 + int(np.flatnonzero(offsets[:, 0] == 0)[-1])) / len(offsets)
    return (whole - 1 / tokens) / (1 - 1 / tokens)
