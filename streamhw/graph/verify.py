# SPDX-License-Identifier: Apache-2.0
"""The graph's verifier: infers all shapes, and says by name what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .node import Node, RolledLoop
from .ops.op import LAYER, Shape, print_shape

__all__ = ["verify"]


def verify(nodes: Sequence[Node | RolledLoop]) -> dict[str, Shape]:
    """Shapes of all values by name; raises ``ValueError`` for the first fault."""
    if not nodes:
        raise ValueError("Graph must have at least one node")
    state = _State()
    for item in nodes:
        if isinstance(item, RolledLoop):
            state.loop(item)
        else:
            state.node(item, inside=False)
    result = nodes[-1].name
    unread = [name for name in state.shapes if name not in state.read and name != result]
    if unread:
        raise ValueError(f"Value {unread[0]} must be read by some node, or be the last")
    return state.shapes


@dataclass
class _State:
    """What is known after the nodes so far; values of finished loops' bodies are not visible."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    visible: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)

    def define(self, name: str, shape: Shape) -> None:
        if not name.isidentifier():
            raise ValueError(f"Value name must be an identifier, not {name!r}")
        if name in self.shapes:
            raise ValueError(f"Value {name} must be defined once, not twice")
        self.shapes[name] = shape
        self.visible.add(name)

    def use(self, reader: str, name: str) -> Shape:
        if name not in self.visible:
            where = "is inside a loop" if name in self.shapes else "no earlier node defines"
            raise ValueError(f"{reader} reads {name}, which {where}")
        self.read.add(name)
        return self.shapes[name]

    def node(self, node: Node, *, inside: bool) -> None:
        inputs = tuple(self.use(f"Node {node.name}", name) for name in node.inputs)
        if len(inputs) != node.op.arity:
            raise ValueError(
                f"Node {node.name}: {node.op.kind} must read {node.op.arity} values, "
                f"not {len(inputs)}"
            )
        for parameter in node.op.parameters:
            if inside != (LAYER in parameter.name):
                rule, where = ("must", "inside") if inside else ("must not", "outside")
                raise ValueError(
                    f"Node {node.name}: parameter name {rule} contain {LAYER} {where} a loop, "
                    f"not {parameter.name!r}"
                )
        try:
            shape = node.op.infer(inputs)
        except ValueError as error:
            raise ValueError(f"Node {node.name}: {error}") from None
        self.define(node.name, shape)

    def loop(self, loop: RolledLoop) -> None:
        if loop.trips < 1:
            raise ValueError(f"Loop {loop.name} trips must be positive, not {loop.trips}")
        entering = self.use(f"Loop {loop.name}", loop.source)
        outside = set(self.visible)
        self.define(loop.carried, entering)
        for node in loop.body:
            self.node(node, inside=True)
        if loop.result not in {node.name for node in loop.body}:
            raise ValueError(f"Loop {loop.name} must yield a value of its body, not {loop.result}")
        if self.shapes[loop.result] != entering:
            raise ValueError(
                f"Loop {loop.name} must yield the shape that enters, {print_shape(entering)}, "
                f"not {print_shape(self.shapes[loop.result])}"
            )
        self.read.add(loop.result)
        self.visible = outside
        self.define(loop.name, entering)
