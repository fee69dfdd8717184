# SPDX-License-Identifier: Apache-2.0
"""Ranges to formats: which format each value has, the same in all layers of a loop."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import BuildError
from ..graph import (
    Activation,
    Add,
    Angles,
    ArgMax,
    Attention,
    Chunk,
    Gather,
    Graph,
    Input,
    LastToken,
    LayerNorm,
    Linear,
    Multiply,
    Node,
    Op,
    RmsNorm,
    Rotary,
)
from ..numerics.fixed import Fixed
from ..numerics.rotary_tables import ANGLE_WORD
from .calibrate import Key, Statistics
from .config import RESIDUAL_WIDTH, SCORES

__all__ = ["FormatRules", "byte_steps", "expand_heads", "fraction", "index_format"]

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

_BYTE = Fixed(8)
_RESIDUAL_MARGIN = 2
_HIDDEN_MARGIN = 1
"""Spare bits above the greatest magnitude that calibration saw."""
_KEY_GUARD = Fixed(16, 7)
"""Keys before they are turned: 7 bits below the LSB of the int8 that they become, 1 spare bit."""
_LOGIT_FRACTION = 16
"""No finer: the multiplier of a row must stay below 2**16."""


def fraction(width: int, largest: float, margin: int) -> int:
    """Fraction bits of the finest signed format whose range is 2**margin times ``largest``."""
    return width - 1 - margin - int(np.ceil(np.log2(max(largest, 2.0**-30))))


@dataclass(frozen=True, kw_only=True)
class FormatRules:
    """Formats of a graph's values, decided by what computes and what reads each.

    Raises ``BuildError`` where a value is used in a way that the integer semantics does not have.
    """

    graph: Graph
    statistics: Statistics

    def layers(self, node: str) -> tuple[int | None, ...]:
        """The layers that a node is executed in."""
        loop = self.graph.loop_of(node)
        return (None,) if loop is None else tuple(range(loop.trips))

    def keys(self, node: str) -> tuple[Key, ...]:
        return tuple((node, layer) for layer in self.layers(node))

    def largest(self, node: str) -> float:
        """Greatest magnitude of a node's value in all layers."""
        return max(float(self.statistics.largest[key].max()) for key in self.keys(node))

    @cached_property
    def residual(self) -> Fixed:
        """The one format of all sums, and of what is added to them."""
        sums = [n.name for n, _ in self.graph.walk() if isinstance(n.op, Add)]
        sums += [loop.source for loop in self.graph.loops]
        largest = max((self.largest(name) for name in sums), default=1.0)
        return Fixed(RESIDUAL_WIDTH, fraction(RESIDUAL_WIDTH, largest, _RESIDUAL_MARGIN))

    def role(self, name: str) -> tuple[Node, str] | None:
        """The attention that a value feeds, and as what: ``query``, ``key`` or ``value``."""
        for reader in self.graph.readers(name):
            if isinstance(reader.op, Attention):
                return reader, ("query", "key", "value")[reader.inputs.index(name)]
        return None

    def turn(self, name: str) -> Node | None:
        """The rotary embedding that a value goes through on its way to attention."""
        for reader in self.graph.readers(name):
            if isinstance(reader.op, Rotary) and reader.inputs[0] == name:
                return reader
        return None

    def before_turn(self, rotary: Node) -> Fixed:
        """Format of what a rotary embedding turns."""
        role = self.role(rotary.name)
        if role is None:
            raise BuildError(f"Node {rotary.name}: no integer format for Rotary without attention")
        return self.query(role[0]) if role[1] == "query" else _KEY_GUARD

    def _attended(self, name: str, layer: int | None) -> Floats:
        """Greatest magnitudes of queries or keys; of turned ones those of both features of a pair,
        turned or not, since other positions turn them by other angles."""
        largest = self.statistics.largest[name, layer]
        node = self.graph.node(name)
        if not isinstance(node.op, Rotary):
            return largest
        both = np.maximum(largest, self.statistics.largest[node.inputs[0], layer])
        pairs = both.reshape(node.op.heads, 2, -1).max(axis=1, keepdims=True)
        return np.repeat(pairs, 2, axis=1).reshape(-1)

    def key_steps(self, attention: Node, layer: int | None) -> Reals:
        """Real size of a key's LSB for each key feature."""
        return byte_steps(self._attended(attention.inputs[1], layer))

    def query_scale(self, attention: Node, layer: int | None) -> Reals:
        """What real queries are multiplied by, so that integer keys give real scores."""
        op = attention.op
        assert isinstance(op, Attention)
        return np.asarray(expand_heads(op, self.key_steps(attention, layer)) * op.head_dim**-0.5)

    def query(self, attention: Node) -> Fixed:
        """Format of the queries; its fraction is that of the integer dot product."""
        queries = attention.inputs[0]
        largest = max(
            float((self._attended(queries, layer) * self.query_scale(attention, layer)).max())
            for layer in self.layers(attention.name)
        )
        return Fixed(16, max(SCORES.frac, fraction(16, largest, _HIDDEN_MARGIN)))

    def of(self, node: Node) -> Fixed:
        """The format of a node's value."""
        op = node.op
        if isinstance(op, Input):
            bound = self.graph.vocabulary if op.role == "tokens" else self.graph.context
            return index_format(bound)
        if isinstance(op, ArgMax):
            return index_format(op.classes)
        if isinstance(op, Gather):
            return self.residual if self.enters_loop(node) else self.table(node)
        if isinstance(op, Add | LastToken):
            return self.residual
        if isinstance(op, Angles):
            return ANGLE_WORD
        if isinstance(op, Attention | Multiply):
            return _BYTE
        if isinstance(op, Activation):
            gates = self._feeds(node.name, Multiply)
            return self.of(self.graph.node(node.inputs[0])) if gates else _BYTE
        role, turn = self.role(node.name), self.turn(node.name)
        if role is not None:
            return self.query(role[0]) if role[1] == "query" else _BYTE
        if turn is not None and isinstance(op, Linear | LayerNorm | RmsNorm):
            return self.before_turn(turn)
        if isinstance(op, LayerNorm | RmsNorm):
            if self._feeds(node.name, Add):
                return Fixed(16, fraction(16, self.largest(node.name), _HIDDEN_MARGIN))
            return _BYTE
        if isinstance(op, Linear):
            return self._linear(node)
        raise BuildError(
            f"Node {node.name}: no integer format for {op.kind} that feeds no attention"
        )

    def enters_loop(self, node: Node) -> bool:
        """Whether a node's value is what enters the layers."""
        return any(loop.source == node.name for loop in self.graph.loops)

    def table(self, node: Node) -> Fixed:
        """Format of the elements of a table of embeddings; moves to the node's without loss."""
        finest = fraction(16, self.largest(node.name), 0)
        return Fixed(16, min(finest, self.residual.frac) if self.enters_loop(node) else finest)

    def _feeds(self, name: str, *kinds: type[Op]) -> bool:
        return any(isinstance(reader.op, kinds) for reader in self.graph.readers(name))

    def _linear(self, node: Node) -> Fixed:
        if self._feeds(node.name, Add):
            return self.residual
        if self._feeds(node.name, Chunk):
            return Fixed(16)
        if self._feeds(node.name, LayerNorm, RmsNorm):
            widest = fraction(RESIDUAL_WIDTH, self.largest(node.name), _RESIDUAL_MARGIN)
            return Fixed(RESIDUAL_WIDTH, widest)
        if self._feeds(node.name, Activation, Multiply):
            return Fixed(16, fraction(16, self.largest(node.name), _HIDDEN_MARGIN))
        frac = fraction(32, self.largest(node.name), _RESIDUAL_MARGIN)
        return Fixed(32, min(_LOGIT_FRACTION, frac))


def index_format(bound: int) -> Fixed:
    """The narrowest format of 0 to ``bound - 1``."""
    return Fixed(max(1, (bound - 1).bit_length()), signed=False)


def byte_steps(largest: Floats) -> Reals:
    """Steps that bring each feature's greatest magnitude to 127."""
    peak = largest.astype(np.float64)
    # A feature that calibration saw (almost) never gets a step within 10 bits of the widest.
    return np.maximum(peak, max(float(peak.max()) * 2.0**-10, 1e-9)) / 127


def expand_heads(op: Attention, steps: Reals) -> Reals:
    """Steps of key/value features, repeated for each query head that shares them."""
    heads = steps.reshape(op.kv_heads, op.head_dim)
    return np.repeat(heads, op.heads // op.kv_heads, axis=0).reshape(-1)
