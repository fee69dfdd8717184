# SPDX-License-Identifier: Apache-2.0
"""Parameters as integers: made when they are asked for, with the formats that were decided."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..graph import Node
from .quantized_model import Parameters
from .rules import Quantization
from .statistics import Key

__all__ = ["Integers"]

_KEPT_BYTES = 1 << 30
"""Of parameters that are kept once they are made; what exceeds it is made again when needed."""


@dataclass(eq=False)
class Integers(Mapping[Key, Parameters]):
    """The integers that each node is fed with, by node and layer.

    Matrices and tables of seeded random weights are made each time that they are asked for, apart
    from the latest: a model of a billion of them compiles without one. ``make_all`` makes and
    keeps everything, and lets go of what only it needs.

    settled: those that were made at once; state: ``None`` once all are made
    """

    state: Quantization | None
    settled: dict[Key, Parameters] = field(default_factory=dict)
    kept: dict[Key, Parameters] = field(default_factory=dict)

    def __getitem__(self, key: Key) -> Parameters:
        if key in self.settled:
            return self.settled[key]
        if key in self.kept:
            return self.kept[key]
        name, layer = key
        state = self.state
        if state is None or name not in state.plans or layer not in state.layers(name):
            raise KeyError(key)
        node = state.graph.node(name)
        made = state.rule(node).parameters
        if made is None:
            raise KeyError(key)
        found = self.kept[key] = made(state, node, layer)
        while len(self.kept) > 1 and sum(p.bytes for p in self.kept.values()) > _KEPT_BYTES:
            del self.kept[next(iter(self.kept))]
        return found

    def __iter__(self) -> Iterator[Key]:
        if self.state is None:
            yield from (*self.settled, *self.kept)
            return
        for node, _ in self.state.graph.walk():
            for key in self.state.keys(node.name):
                if key in self.settled or self._fed(node):
                    yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def settle(self) -> None:
        """Makes what changes scales by being rounded: that goes into the weights behind it."""
        assert self.state is not None
        for node, _ in self.state.graph.walk():
            settled = self.state.rule(node).settled
            for key in self.state.keys(node.name):
                found = None if settled is None else settled(self.state, node, key[1])
                if found is not None:
                    self.settled[key], self.state.scales[key] = found

    def make_all(self) -> None:
        """Makes all parameters and keeps them."""
        state = self.state
        assert state is not None
        for node, _ in state.graph.walk():
            made = state.rule(node).parameters
            for key in state.keys(node.name):
                if made is not None and key not in self.settled:
                    self.kept[key] = made(state, node, key[1])
        self.state = None

    def _fed(self, node: Node) -> bool:
        assert self.state is not None
        return self.state.rule(node).parameters is not None
