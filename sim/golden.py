# SPDX-License-Identifier: Apache-2.0
"""The whole-graph integer reference: executes a quantised model with the kernels' own goldens."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..graph import Attention, Chunk, Loop, Node
from ..kernels.activation import Activation
from ..kernels.add import Add
from ..kernels.layernorm import LayerNorm
from ..kernels.matmul_pack import fold_groups, linear_golden
from ..kernels.softmax import Softmax
from ..numerics.execute import execute
from ..numerics.fixed import Fixed, round_shift
from ..numerics.quantised import (
    ActivationParameters,
    ActivationPlan,
    AddPlan,
    ArgMaxPlan,
    AttentionPlan,
    GatherParameters,
    LinearParameters,
    LinearPlan,
    NormParameters,
    NormPlan,
    PassPlan,
    QuantisedModel,
)
from ..numerics.tables import Function
from ..stream.itensor import row_major

__all__ = ["Cache", "Golden", "Trace"]

Ints = NDArray[np.int64]
Key = tuple[str, int | None]

Trace = dict[Key, Ints]
"""Integer tensors by value name and layer (``None`` outside loops).

Every graph value [n, features] (indices [n]), a loop's carried value by its name in each layer,
and of each attention node ``NAME.scores`` and ``NAME.probabilities`` [n, heads, context], 0 beyond
a row's length, ``NAME.key_cache`` and ``NAME.value_cache`` [positions so far, features].
"""


@dataclass
class Cache:
    """Keys and values of all positions so far, of each attention node and layer."""

    position: int = 0
    rows: dict[tuple[str, int | None, str], Ints] = field(default_factory=dict)

    def append(self, node: str, layer: int | None, role: str, rows: Ints) -> Ints:
        """All rows [..., positions, features] with the new ones at the end."""
        known = self.rows.get((node, layer, role))
        joined = rows if known is None else np.concatenate([known, rows], axis=-2)
        self.rows[node, layer, role] = joined
        return joined


class Golden:
    """Executes ``quantised`` bit for bit as the hardware does.

    Results do not depend on how a sequence is cut into steps.
    """

    def __init__(self, quantised: QuantisedModel):
        self.quantised = quantised
        self._matrices: dict[Key, NDArray[np.generic]] = {}

    def step(self, tokens: Sequence[int], cache: Cache) -> Trace:
        """Values of the next ``tokens`` after what ``cache`` holds; ``cache`` moves on.

        Raises ``UserError`` if the sequence exceeds the context or a token the vocabulary.
        """
        graph = self.quantised.graph
        ids = np.asarray(tokens, dtype=np.int64)
        if cache.position + len(ids) > graph.context:
            raise UserError(
                f"Sequence must have at most {graph.context} tokens, "
                f"not {cache.position + len(ids)}"
            )
        if len(ids) == 0 or ids.min() < 0 or ids.max() >= graph.vocabulary:
            wrong = next((int(t) for t in ids if not 0 <= t < graph.vocabulary), "none at all")
            raise UserError(f"Token must be 0 to {graph.vocabulary - 1}, not {wrong}")
        trace: Trace = {}

        def record(name: str, layer: int | None, value: Ints) -> None:
            trace[name, layer] = value

        values = self._run(ids, cache, record)
        for item in graph.nodes:
            if isinstance(item, Loop):
                trace[item.carried, 0] = trace[item.source, None]
                for layer in range(1, item.trips):
                    trace[item.carried, layer] = trace[item.result, layer - 1]
            trace.setdefault((item.name, None), values[item.name])
        return trace

    def logits(self, tokens: Ints) -> NDArray[np.float64]:
        """Real logits [batch, n, vocabulary] after each token of ``tokens`` [batch, n]."""
        graph = self.quantised.graph
        values = self._run(tokens, Cache(), None, all_rows=True)
        name = graph.node(graph.result).inputs[0]
        return self.quantised.formats[name].decode(values[name])

    def generate(
        self, prompt: Sequence[int], count: int, *, end: int | None = None
    ) -> Iterator[int]:
        """The ``count`` tokens that follow ``prompt`` greedily; stops after token ``end``.

        Raises ``UserError`` as ``step`` does.
        """
        cache = Cache()
        tokens = list(prompt)
        for _ in range(count):
            trace = self.step(tokens, cache)
            token = int(trace[self.quantised.graph.result, None][-1])
            yield token
            if token == end:
                return
            tokens = [token]

    def _run(
        self,
        tokens: Ints,
        cache: Cache,
        record: Callable[[str, int | None, Ints], None] | None,
        *,
        all_rows: bool = False,
    ) -> dict[str, Ints]:
        def compute(node: Node, layer: int | None, inputs: tuple[Ints, ...]) -> Ints:
            plan = self.quantised.plans[node.name]
            if isinstance(plan, AttentionPlan):
                value, inner = _attention(node, plan, inputs, cache, layer, self.quantised)
                if record is not None:
                    for name, tensor in inner.items():
                        record(f"{node.name}.{name}", layer, tensor)
            else:
                value = self._compute(node, layer, inputs)
            if record is not None:
                record(node.name, layer, value)
            return value

        values = execute(
            self.quantised.graph, tokens, compute, position=cache.position, all_rows=all_rows
        )
        cache.position += tokens.shape[-1]
        return values

    def _compute(self, node: Node, layer: int | None, inputs: tuple[Ints, ...]) -> Ints:
        plan = self.quantised.plans[node.name]
        parameters = self.quantised.parameters(node.name, layer)
        x = inputs[0]
        if isinstance(parameters, GatherParameters):
            return parameters.table[x].astype(np.int64)
        if isinstance(plan, AddPlan):
            return _add(plan).compute({"i_a": x, "i_b": inputs[1]}, {})["o"]
        if isinstance(plan, PassPlan):
            assert isinstance(node.op, Chunk)
            parts = np.split(x, node.op.parts, axis=-1)
            return plan.out.saturate(parts[node.op.index])
        if isinstance(plan, ArgMaxPlan):
            return x.argmax(axis=-1)
        rows = x.reshape(-1, x.shape[-1])
        if isinstance(plan, NormPlan) and isinstance(parameters, NormParameters):
            result = _norm(plan, rows.shape[1]).golden(rows, parameters.gamma, parameters.beta)
        elif isinstance(plan, ActivationPlan) and isinstance(parameters, ActivationParameters):
            result = _activation(plan).golden(rows, parameters.scale)
        elif isinstance(plan, LinearPlan) and isinstance(parameters, LinearParameters):
            result = linear_golden(
                rows,
                self._matrix(node.name, layer, plan, parameters),
                None,
                parameters.bias,
                parameters.mult,
                parameters.shift,
                plan.out,
                None,
            )
        else:
            raise TypeError(f"The integer reference has no rule for {node.op.kind}")
        return result.reshape(*x.shape[:-1], -1)

    def _matrix(
        self, name: str, layer: int | None, plan: LinearPlan, parameters: LinearParameters
    ) -> NDArray[np.generic]:
        """Codes times group multipliers, at most 8 * 255: folded once, kept in 16 bits."""
        if plan.group is None:
            return parameters.weight
        if (name, layer) not in self._matrices:
            folded = fold_groups(parameters.weight, parameters.group_multipliers, plan.group)
            self._matrices[name, layer] = folded.astype(np.int16)
        return self._matrices[name, layer]


def _attention(
    node: Node,
    plan: AttentionPlan,
    inputs: tuple[Ints, ...],
    cache: Cache,
    layer: int | None,
    quantised: QuantisedModel,
) -> tuple[Ints, dict[str, Ints]]:
    op = node.op
    assert isinstance(op, Attention)
    context = quantised.graph.context
    q = inputs[0].reshape(-1, *inputs[0].shape[-2:])
    batch, n, _ = q.shape
    keys, values = (
        cache.append(node.name, layer, role, rows)
        for role, rows in (("key", inputs[1]), ("value", inputs[2]))
    )
    total = keys.shape[-2]
    first = total - n + 1 if op.causal else total
    lengths = [first + t * op.causal for t in range(n)]

    def heads(x: Ints, count: int) -> NDArray[np.float64]:
        """[batch, query heads, rows, head_dim] in floats: all sums below are exact in 53 bits."""
        split = x.reshape(batch, -1, count, op.head_dim).swapaxes(1, 2).astype(np.float64)
        return np.repeat(split, op.heads // count, axis=1)

    k, v = heads(keys, op.kv_heads), heads(values, op.kv_heads)
    sums = (heads(q, op.heads) @ k.swapaxes(2, 3)).astype(np.int64)
    scores = np.zeros((n, batch * op.heads, context), dtype=np.int64)
    rounded = plan.scores.saturate(round_shift(sums, plan.score_shift))
    scores[..., :total] = np.moveaxis(rounded, 2, 0).reshape(n, -1, total)
    scores *= np.arange(context) < np.array(lengths)[:, None, None]
    softmax = _softmax(plan.scores, plan.probabilities, batch * op.heads, context)
    p = softmax.compute({"i": scores}, {"tokens": n, "length": lengths})["o"]
    weights = p[..., :total].reshape(n, batch, op.heads, total).transpose(1, 2, 0, 3)
    mixed = (weights.astype(np.float64) @ v).astype(np.int64)
    out = plan.out.saturate(round_shift(mixed, plan.value_shift))
    inner = {
        "scores": scores,
        "probabilities": p,
        "key_cache": keys,
        "value_cache": values,
    }
    return out.swapaxes(1, 2).reshape(inputs[0].shape), inner


@functools.cache
def _softmax(source: Fixed, out: Fixed, heads: int, context: int) -> Softmax:
    return Softmax(tokens=context, heads=heads, context=context, source=source, out=out)


@functools.cache
def _add(plan: AddPlan) -> Add:
    return Add(type=row_major(plan.out, (1, 1)), a=plan.a, b=plan.b, out=plan.out)


@functools.cache
def _norm(plan: NormPlan, features: int) -> LayerNorm:
    return LayerNorm(
        features=features,
        lanes=1,
        tokens=1,
        source=plan.source,
        out=plan.out,
        epsilon=plan.epsilon,
        gamma_frac=plan.gamma_frac,
        beta_frac=plan.beta_frac,
    )


@functools.cache
def _activation(plan: ActivationPlan) -> Activation:
    return Activation(
        function=Function(plan.function),
        type=row_major(plan.source, (1, 1)),
        scale=row_major(plan.scale, (1, 1)),
        out=plan.out,
        inner=plan.middle,
        multiplier_frac=plan.scale_shift,
    )
