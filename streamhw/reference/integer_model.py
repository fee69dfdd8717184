# SPDX-License-Identifier: Apache-2.0
"""The whole-graph integer reference: executes a quantized model, bit for bit as the hardware."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..graph import Input, LastToken, Node, RolledLoop
from ..graph.executor import execute
from ..graph.rules import rule_of
from ..quantization.quantized_model import QuantizedModel
from .cache import Cache
from .nodes import Codes
from .rules import IntegerFunction, Invocation, Preparation, ReferenceRules

__all__ = ["Cache", "IntegerModel", "Trace"]

Ints = NDArray[np.int64]
Key = tuple[str, int | None]

Trace = dict[Key, Ints]
"""Integer tensors by value name and layer (``None`` outside loops).

Every graph value [n, features] (indices [n]), a loop's carried value by its name in each layer,
and of each attention node ``NAME.scores`` and ``NAME.probabilities`` [n, heads, context], 0 beyond
a row's length, and probabilities before its window; ``NAME.key_cache`` and ``NAME.value_cache``
[positions so far, features].
"""


class IntegerModel:
    """Executes ``quantized`` bit for bit as the hardware does.

    Results do not depend on how a sequence is cut into steps. Each node of each layer is prepared
    once, when it is first asked for: tables are unpacked, matrices made floats. Values between
    nodes are integers in 64-bit floats.
    """

    def __init__(self, quantized: QuantizedModel, rules: ReferenceRules):
        self.quantized = quantized
        self._rules = rules
        self._prepared: dict[Key, IntegerFunction] = {}
        self._preparation = Preparation(quantized)

    def step(self, tokens: Sequence[int], cache: Cache) -> Trace:
        """Values of the next ``tokens`` after what ``cache`` holds; ``cache`` moves on.

        Raises ``UserError`` if the sequence exceeds the context or a token the vocabulary.
        """
        graph = self.quantized.graph
        ids = self._checked(tokens, cache)
        trace: Trace = {}

        def record(name: str, layer: int | None, value: Codes) -> None:
            trace[name, layer] = value.astype(np.int64, copy=False)

        values = self._run(ids, cache, record)
        for item in graph.nodes:
            if isinstance(item, RolledLoop):
                trace[item.carried, 0] = trace[item.source, None]
                for layer in range(1, item.trips):
                    trace[item.carried, layer] = trace[item.result, layer - 1]
            if (item.name, None) not in trace:
                record(item.name, None, values[item.name])
        return trace

    def next(self, tokens: Sequence[int], cache: Cache) -> int:
        """The token after ``tokens``; ``cache`` moves on. Nothing but the result is kept.

        Raises ``UserError`` as ``step`` does.
        """
        values = self._run(self._checked(tokens, cache), cache, None)
        return int(values[self.quantized.graph.result][-1])

    def observe(self, tokens: Ints, record: Callable[[str, int | None, Codes], None]) -> None:
        """Executes ``tokens`` [batch, n] and gives ``record`` all values of all rows, and what is
        inside nodes, by name and layer as in ``Trace``."""
        self._run(tokens, Cache(), record, all_rows=True)

    def logits(self, tokens: Ints) -> NDArray[np.float64]:
        """Real logits [batch, n, vocabulary] after each token of ``tokens`` [batch, n]."""
        graph = self.quantized.graph
        values = self._run(tokens, Cache(), None, all_rows=True)
        name = graph.node(graph.result).inputs[0]
        return self.quantized.formats[name].decode(values[name])

    def generate(
        self, prompt: Sequence[int], count: int, *, ends: Collection[int] = ()
    ) -> Iterator[int]:
        """The ``count`` tokens that follow ``prompt`` greedily; stops after any of ``ends``.

        Raises ``UserError`` as ``step`` does.
        """
        cache = Cache()
        tokens = list(prompt)
        for _ in range(count):
            token = self.next(tokens, cache)
            yield token
            if token in ends:
                return
            tokens = [token]

    def _checked(self, tokens: Sequence[int], cache: Cache) -> Ints:
        graph = self.quantized.graph
        ids = np.asarray(tokens, dtype=np.int64)
        if cache.position + len(ids) > graph.context:
            raise UserError(
                f"Sequence must have at most {graph.context} tokens, "
                f"not {cache.position + len(ids)}"
            )
        if len(ids) == 0 or ids.min() < 0 or ids.max() >= graph.vocabulary:
            wrong = next((int(t) for t in ids if not 0 <= t < graph.vocabulary), "none at all")
            raise UserError(f"Token must be 0 to {graph.vocabulary - 1}, not {wrong}")
        return ids

    def prepare(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Prepares all nodes of all layers now; ``progress`` gets those done and all."""
        keys = [
            (node, layer)
            for node, loop in self.quantized.graph.walk()
            if not isinstance(node.op, Input | LastToken)
            for layer in (range(loop.trips) if loop else (None,))
        ]
        for done, (node, layer) in enumerate(keys):
            self._function(node, layer)
            if progress is not None:
                progress(done + 1, len(keys))

    def _run(
        self,
        tokens: Ints,
        cache: Cache,
        record: Callable[[str, int | None, Codes], None] | None,
        *,
        all_rows: bool = False,
    ) -> dict[str, Codes]:
        def compute(node: Node, layer: int | None, inputs: tuple[Codes, ...]) -> Codes:
            inner = None if record is None else partial(_inside, record, node.name, layer)
            value = self._function(node, layer)(Invocation(cache=cache, record=inner), inputs)
            if record is not None:
                record(node.name, layer, value)
            return value

        values = execute(
            self.quantized.graph, tokens, compute, position=cache.position, all_rows=all_rows
        )
        cache.position += tokens.shape[-1]
        return values

    def _function(self, node: Node, layer: int | None) -> IntegerFunction:
        known = self._prepared.get((node.name, layer))
        if known is None:
            known = self._prepared[node.name, layer] = rule_of(self._rules, node)(
                self._preparation, node, layer
            )
        return known


def _inside(
    record: Callable[[str, int | None, Codes], None],
    name: str,
    layer: int | None,
    part: str,
    found: Codes,
) -> None:
    """Records what is inside a node."""
    record(f"{name}.{part}", layer, found)
