# SPDX-License-Identifier: Apache-2.0
"""The layer graph: frozen, verified when built, with the shape of every value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from types import MappingProxyType

from .node import Node, RolledLoop
from .ops import Input
from .ops.op import Parameter, Shape, parameter_name
from .verify import verify

__all__ = ["Graph"]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A model: nodes and rolled loops in topological order; the last one is the result.

    name: of the model, one word
    context: greatest number of positions
    vocabulary: number of token identifiers
    nodes: each reads only what stands before it

    Raises ``ValueError`` with the node's name if an input is unknown, a name is used twice, a
    shape does not fit, a value is never read, or a parameter name lacks (or has) ``{layer}``.
    """

    name: str
    context: int
    vocabulary: int
    nodes: tuple[Node | RolledLoop, ...]

    def __post_init__(self) -> None:
        if not self.name or any(c.isspace() for c in self.name):
            raise ValueError(f"Graph name must be one word, not {self.name!r}")
        for field, value in (("context", self.context), ("vocabulary", self.vocabulary)):
            if value < 1:
                raise ValueError(f"Graph {field} must be positive, not {value}")
        _ = self.shapes

    def __getstate__(self) -> dict[str, object]:
        """What processes hand over: the fields, without what follows from them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The shape of every value by name, those inside loops and carried ones included."""
        return MappingProxyType(verify(self.nodes))

    @property
    def result(self) -> str:
        """The name of the value that the graph computes."""
        return self.nodes[-1].name

    @cached_property
    def loops(self) -> tuple[RolledLoop, ...]:
        return tuple(node for node in self.nodes if isinstance(node, RolledLoop))

    def walk(self) -> Iterator[tuple[Node, RolledLoop | None]]:
        """All nodes in order, each with the loop that it is in; loop bodies once."""
        for item in self.nodes:
            if isinstance(item, RolledLoop):
                for node in item.body:
                    yield node, item
            else:
                yield item, None

    def node(self, name: str) -> Node:
        """The node of that name; raises ``KeyError`` if there is none."""
        for node, _ in self.walk():
            if node.name == name:
                return node
        raise KeyError(f"Graph {self.name} has no node {name!r}")

    def loop_of(self, name: str) -> RolledLoop | None:
        """The loop that the node of that name is in."""
        for node, loop in self.walk():
            if node.name == name:
                return loop
        raise KeyError(f"Graph {self.name} has no node {name!r}")

    def readers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read a value by that name, in order."""
        return tuple(node for node, _ in self.walk() if name in node.inputs)

    def input(self, role: str) -> str | None:
        """The name of the input value with that role, if the graph has it."""
        for node, _ in self.walk():
            if isinstance(node.op, Input) and node.op.role == role:
                return node.name
        return None

    def parameters(self) -> tuple[Parameter, ...]:
        """All trained tensors with their checkpoint names, each once, in order of first use."""
        found: dict[str, Parameter] = {}
        for item in self.nodes:
            trips = item.trips if isinstance(item, RolledLoop) else 1
            body = item.body if isinstance(item, RolledLoop) else (item,)
            for layer in range(trips):
                for node in body:
                    for parameter in node.op.parameters:
                        name = parameter_name(parameter.name, layer)
                        known = found.setdefault(name, Parameter(name, parameter.shape))
                        if known.shape != parameter.shape:
                            raise ValueError(
                                f"Parameter {name} must have one shape, not "
                                f"{known.shape} and {parameter.shape}"
                            )
        return tuple(found.values())
