# SPDX-License-Identifier: Apache-2.0
"""The roofline of a board for a model: what no design can do in less time.

Bytes and products follow from the graph, bandwidth and products a second from the board:

    a step reads every weight once, and the keys and values of all positions so far, in layers with
    windows those of the latest ones
    a step's time >= max(bytes / bandwidth, products / (2 x DSPs x clock))
    prompt of n tokens: one step, n tokens in the layers and one in the head
    answer: a step of one token for each token but the first

A DSP gives two products a cycle, since two int4 x int8 products fit one 27 x 18 multiplier. Scales,
tile scales, norms, activation functions and everything else is free, so that no design reaches it.
"""

from dataclasses import dataclass

from ..boards.base import Board
from ..graph import Graph
from ..numerics.group_codec import SCALE, group_of
from ..quantization.config import QuantConfig
from .published import Shape

__all__ = ["Roofline", "Work", "roofline_of", "shape_of", "work_of"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one token asks for.

    body, head: weights of all layers, of what follows them; weight_bytes: of both, codes only
    pair: products of one token with one position in attention, of all layers
    cache_bytes: of keys and values of one position, of all layers
    windows: of the layers, which have equal shares of both; None: a layer sees all positions
    """

    body: int
    head: int
    weight_bytes: float
    pair: int
    cache_bytes: int
    windows: tuple[int | None, ...] = (None,)

    def seen(self, count: int) -> int:
        """Of ``count`` positions up to a token's own, those that a layer sees: the sum of all
        layers of ``windows``."""
        return sum(count if width is None else min(count, width) for width in self.windows)

    def products(self, tokens: int, position: int) -> int:
        """Of a step of ``tokens`` after ``position`` others, with a result."""
        pairs = sum(self.seen(position + t + 1) for t in range(tokens))
        return tokens * self.body + self.head + pairs * self.pair // len(self.windows)

    def cached(self, count: int) -> float:
        """Bytes of keys and values that a token has to read of ``count`` positions up to its own,
        its own among them."""
        return self.seen(count) * self.cache_bytes / len(self.windows)

    def bytes(self, tokens: int, position: int) -> float:
        """That such a step reads: earlier keys and values, not those that it makes."""
        return self.weight_bytes + self.cached(position + 1) - self.cache_bytes


@dataclass(frozen=True, kw_only=True)
class Roofline:
    """A model on a board.

    bandwidth: bytes a second of all memory ports; rate: products a second of all DSPs
    """

    work: Work
    bandwidth: float
    rate: float

    def step(self, tokens: int, position: int) -> float:
        """Seconds that a step takes at least."""
        work = self.work
        return max(
            work.bytes(tokens, position) / self.bandwidth,
            work.products(tokens, position) / self.rate,
        )

    def answer(self, prompt: int, answer: int) -> tuple[float, list[float]]:
        """Seconds to the first new token, and of each further one."""
        later = [self.step(1, position) for position in range(prompt, prompt + answer - 1)]
        return self.step(prompt, 0), later


def work_of(graph: Graph, quantization: QuantConfig) -> Work:
    """What a token of a model asks for."""
    body = head = pair = cache = 0
    windows: tuple[int | None, ...] = (None,)
    weight_bytes = 0.0
    for node, loop in graph.walk():
        op, trips = node.op, loop.trips if loop else 1
        if (product := op.product) is not None:
            weights = product.inputs * product.outputs * trips
            weight_bytes += weights * quantization.weights(head=loop is None).bits / 8
            body, head = (body + weights, head) if loop else (body, head + weights)
        if (attention := op.attention) is not None:
            pair += 2 * attention.heads * attention.head_dim * trips
            row = -(-attention.kv_heads * attention.head_dim * quantization.cache_bits // 8)
            if quantization.cache_bits < SCALE.width:
                scales = attention.head_dim // group_of(attention.head_dim)
                row += attention.kv_heads * scales * SCALE.width // 8
            cache += 2 * row * trips
            if turn := attention.windows:
                windows = tuple(turn[n % len(turn)] for n in range(trips))
    return Work(
        body=body,
        head=head,
        weight_bytes=weight_bytes,
        pair=pair,
        cache_bytes=cache,
        windows=windows,
    )


def roofline_of(graph: Graph, quantization: QuantConfig, board: Board) -> Roofline:
    """The roofline of a model on a board."""
    clock = board.clock_mhz * 1e6
    return Roofline(
        work=work_of(graph, quantization),
        bandwidth=sum(p.width / 8 * p.beats_per_cycle for p in board.ports) * clock,
        rate=2 * board.budget.dsps * clock,
    )


def shape_of(graph: Graph) -> Shape:
    """The numbers by which papers know a model."""
    body = [node.op for node, loop in graph.walk() if loop]
    (attention,) = (found for op in body if (found := op.attention) is not None)
    hidden = [product.inputs for op in body if (product := op.product) is not None][-1]
    (loop,) = graph.loops
    features = int(graph.shapes[loop.source][-1])
    return Shape(loop.trips, features, hidden, attention.heads, attention.kv_heads)
