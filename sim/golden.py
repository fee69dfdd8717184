# SPDX-License-Identifier: Apache-2.0
"""The whole-graph integer reference: executes a quantised model with the kernels' own goldens."""

import functools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..graph import Chunk, Loop, Node
from ..graph import Rotary as RotaryOp
from ..kernels.activation import Activation
from ..kernels.add import Add
from ..kernels.layernorm import LayerNorm
from ..kernels.matmul_pack import fold_groups, linear_golden
from ..kernels.multiply import Multiply
from ..kernels.rotary import Rotary
from ..numerics.execute import execute
from ..numerics.quantised import (
    ActivationParameters,
    ActivationPlan,
    AddPlan,
    AngleParameters,
    ArgMaxPlan,
    AttentionPlan,
    GatherParameters,
    GatherPlan,
    LinearParameters,
    LinearPlan,
    MultiplyPlan,
    NormParameters,
    NormPlan,
    PassPlan,
    QuantisedModel,
    RotaryPlan,
)
from ..numerics.tables import Function
from ..stream.itensor import row_major
from .golden_attention import Cache, attention

__all__ = ["Cache", "Golden", "Trace"]

Ints = NDArray[np.int64]
Key = tuple[str, int | None]

Trace = dict[Key, Ints]
"""Integer tensors by value name and layer (``None`` outside loops).

Every graph value [n, features] (indices [n]), a loop's carried value by its name in each layer,
and of each attention node ``NAME.scores`` and ``NAME.probabilities`` [n, heads, context], 0 beyond
a row's length, ``NAME.key_cache`` and ``NAME.value_cache`` [positions so far, features].
"""


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
                value, inner = attention(
                    node, plan, inputs, cache, layer, self.quantised.graph.context
                )
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
        if isinstance(plan, GatherPlan) and isinstance(parameters, GatherParameters):
            codes = parameters.table[x].astype(np.int64)
            return codes << (plan.out.frac - plan.stored.frac)
        if isinstance(parameters, AngleParameters):
            return parameters.words[x]
        if isinstance(plan, RotaryPlan):
            assert isinstance(node.op, RotaryOp)
            return _rotary(plan, node.op).golden(x, inputs[1])
        if isinstance(plan, MultiplyPlan) and isinstance(parameters, ActivationParameters):
            return _multiply(plan).golden(x, inputs[1], parameters.scale)
        if isinstance(plan, ActivationPlan) and plan.scale is None:
            return _activation(plan).golden(x)
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
            norm = _norm(plan, rows.shape[1] // plan.heads)
            result = norm.golden(rows, parameters.gamma, parameters.beta)
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
        heads=plan.heads,
        centred=plan.centred,
    )


@functools.cache
def _rotary(plan: RotaryPlan, op: RotaryOp) -> Rotary:
    return Rotary(
        tokens=1,
        heads=op.heads,
        head_dim=op.head_dim,
        lanes=1,
        source=plan.source,
        out=plan.out,
    )


@functools.cache
def _multiply(plan: MultiplyPlan) -> Multiply:
    return Multiply(
        type=row_major(plan.out, (1, 1)),
        scale=row_major(plan.scale, (1, 1)),
        a=plan.a,
        b=plan.b,
        inner=plan.middle,
        out=plan.out,
        multiplier_frac=plan.scale_shift,
    )


@functools.cache
def _activation(plan: ActivationPlan) -> Activation:
    return Activation(
        function=Function(plan.function),
        type=row_major(plan.source, (1, 1)),
        scale=None if plan.scale is None else row_major(plan.scale, (1, 1)),
        out=plan.out,
        inner=plan.middle,
        multiplier_frac=plan.scale_shift,
    )
