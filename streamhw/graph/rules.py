# SPDX-License-Identifier: Apache-2.0
"""Finding what a stage does with a layer kind."""

from collections.abc import Mapping
from typing import TypeVar

from ..errors import BuildError
from .node import Node
from .ops.op import Op

__all__ = ["rule_of"]

R = TypeVar("R")


def rule_of(rules: Mapping[type[Op], R], node: Node) -> R:
    """The rule of a node's kind; raises ``BuildError`` if there is none."""
    rule = rules.get(type(node.op))
    if rule is None:
        raise BuildError(
            f"Node {node.name} must be of an installed layer kind, not {node.op.kind}",
            hint="a package adds a kind by an entry point of group streamhw.layer",
        )
    return rule
