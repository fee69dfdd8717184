# SPDX-License-Identifier: Apache-2.0
"""The netlist as lowering rules write it: parts, streams, and where every value leaves from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ...graph import Graph, Node, Op
from ...graph.rules import rule_of
from ...numerics.fixed import Fixed
from ...quantization.plan import QuantizationPlan
from ...stream.control.scope import Scope
from ...stream.itensor.itensor import ITensor, Symbol, row_major
from ..ir.netlist import PARAMETERS, Channel, End, Instance, Part
from ..mapping.engine_sharing import EngineAssignment
from ..mapping.tiling import Tiling

__all__ = ["Lowering", "Rule", "Value"]


@dataclass(frozen=True)
class Value:
    """Where a graph value leaves its kernel, and in which order."""

    end: End
    type: ITensor


@dataclass(kw_only=True)
class Lowering:
    """The netlist as the rules write it.

    node: the graph node whose rule writes
    """

    graph: Graph
    quantization: QuantizationPlan
    tiling: Tiling
    beat_bits: int
    assignments: tuple[EngineAssignment, ...]
    rules: Mapping[type[Op], "Rule"]
    scope: Scope = Scope.ENTRY
    node: str | None = None
    instances: dict[str, Instance] = field(default_factory=dict)
    channels: list[Channel] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)

    @property
    def tokens(self) -> int | Symbol:
        """Rows of a value in the current scope: one after the loop, a group before."""
        return 1 if self.scope is Scope.TAIL else Symbol("tokens", self.tiling.token_batch)

    @property
    def layers(self) -> int:
        """Iterations of the loop, 1 without one."""
        return self.graph.loops[0].trips if self.graph.loops else 1

    def rows(self, fmt: Fixed, features: int) -> ITensor:
        """Row-major values of the current scope."""
        return row_major(fmt, (self.tokens, features), self.tiling.lanes)

    def lower(self, node: Node) -> None:
        """Applies the rule of the node's kind; raises ``BuildError`` if there is none."""
        rule = rule_of(self.rules, node)
        self.node = node.name
        rule(self, node)
        self.node = None

    def place(
        self, name: str, part: Part, scope: Scope | None = None, region: str | None = None
    ) -> Instance:
        """Adds an instance, or gives one that several nodes share another part."""
        placed = self.instances.get(name)
        node = self.node if placed is None else placed.node
        instance = Instance(name, part, scope or self.scope, region, node=node)
        self.instances[name] = instance
        return instance

    def feed(self, name: str, instance: Instance, port: str, label: str | None = None) -> None:
        """Streams a value into a port; where the types differ, a converter comes in later."""
        value = self.values[name]
        self.connect(value.end, value.type, instance, port, label or name)

    def connect(
        self,
        source: End,
        produced: ITensor,
        sink: Instance,
        port: str,
        label: str | None,
        scope: Scope | None = None,
    ) -> None:
        """Streams an output of some type into a port."""
        self.channels.append(
            Channel(
                source=source,
                sink=End(sink.name, port),
                produced=produced,
                consumed=sink.port(port).type,
                scope=scope or self.scope,
                value=label,
            )
        )

    def link(self, source: Instance, output: str, sink: Instance, port: str, label: str) -> None:
        """Streams one kernel's output into another kernel of the same node."""
        self.connect(End(source.name, output), source.port(output).type, sink, port, label)

    def parameters(self, instance: Instance, port: str, stored: ITensor) -> None:
        """Streams static parameters, stored in the order of a type, into a port."""
        source = End(PARAMETERS, f"{instance.name}_{port}")
        self.connect(source, stored, instance, port, None, instance.scope)

    def produce(self, name: str, instance: Instance, port: str = "o") -> None:
        """Says which port a value leaves from."""
        self.values[name] = Value(End(instance.name, port), instance.port(port).type)


Rule = Callable[[Lowering, Node], None]
"""Places the parts of a node, feeds them, and says which port its value leaves from."""
