# SPDX-License-Identifier: Apache-2.0
"""Nodes of the layer graph: one value each, or a rolled loop over identical blocks."""

from dataclasses import dataclass

from .ops.op import Op

__all__ = ["Node", "RolledLoop"]


@dataclass(frozen=True)
class Node:
    """One value: what computes it, and the names of the values that it reads."""

    name: str
    op: Op
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RolledLoop:
    """Identical blocks in a row, kept rolled; its value is what the last block yields.

    name: of the loop's value
    trips: number of blocks
    source: the value that enters the first block
    carried: what the body calls the value that enters the current block
    body: nodes of one block, in topological order; parameter names contain ``{layer}``
    result: the body node whose value leaves the block
    """

    name: str
    trips: int
    source: str
    carried: str
    body: tuple[Node, ...]
    result: str
