# SPDX-License-Identifier: Apache-2.0
"""Lowering: one rule a layer kind turns graph nodes into kernels and typed streams."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from math import ceil

from ..errors import BuildError, UserError
from ..graph import (
    Activation,
    Add,
    ArgMax,
    Attention,
    Chunk,
    Gather,
    Graph,
    Input,
    LastToken,
    LayerNorm,
    Linear,
    Loop,
    Node,
    Op,
)
from ..kernels import activation, add, argmax, cache, gather, layernorm, matmul, scores, softmax
from ..kernels import split as split_kernel
from ..kernels import values as values_kernel
from ..numerics.fixed import Fixed
from ..numerics.quantised import (
    ActivationPlan,
    AddPlan,
    ArgMaxPlan,
    AttentionPlan,
    GatherPlan,
    LinearPlan,
    NormPlan,
    QuantisedModel,
)
from ..numerics.tables import Function
from ..stream.itensor import ITensor, Symbol, row_major
from ..stream.itensor import Loop as LoopOf
from . import plumbing
from .bind import Binding
from .design import PARAMETERS, Channel, End, Instance, Part, Scope
from .tiling import Tiling

__all__ = ["RULES", "Lowering", "OpRule", "Rule", "lower", "lowering_rules"]

ENTRY_POINTS = "streamhw.rule"
"""Group of entry points that name an ``OpRule`` of another package."""


@dataclass(frozen=True)
class Value:
    """Where a graph value leaves its kernel, and in which order."""

    end: End
    type: ITensor


@dataclass(kw_only=True)
class Lowering:
    """The netlist as the rules write it."""

    graph: Graph
    quantised: QuantisedModel
    tiling: Tiling
    beat_bits: int
    bindings: tuple[Binding, ...]
    rules: Mapping[type[Op], "Rule"]
    scope: Scope = Scope.ENTRY
    instances: dict[str, Instance] = field(default_factory=dict)
    channels: list[Channel] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)

    @property
    def tokens(self) -> int | Symbol:
        """Rows of a value in the current scope: one after the loop, a group before."""
        return 1 if self.scope is Scope.TAIL else Symbol("tokens", self.tiling.group)

    @property
    def layers(self) -> int:
        """Iterations of the loop, 1 without one."""
        return self.graph.loops[0].trips if self.graph.loops else 1

    def rows(self, fmt: Fixed, features: int) -> ITensor:
        """Row-major values of the current scope."""
        return row_major(fmt, (self.tokens, features), self.tiling.lanes)

    def lower(self, node: Node) -> None:
        """Applies the rule of the node's kind; raises ``BuildError`` if there is none."""
        rule = self.rules.get(type(node.op))
        if rule is None:
            raise BuildError(
                f"Node {node.name} must be of a kind that has a lowering rule, not {node.op.kind}",
                hint=f"a package adds a rule by an entry point of group {ENTRY_POINTS}",
            )
        rule(self, node)

    def place(
        self, name: str, part: Part, scope: Scope | None = None, region: str | None = None
    ) -> Instance:
        """Adds an instance."""
        instance = Instance(name, part, scope or self.scope, region)
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


@dataclass(frozen=True, kw_only=True)
class OpRule:
    """How a layer kind becomes hardware: what an entry point of group ``streamhw.rule`` names."""

    op: type[Op]
    rule: Rule


def lowering_rules() -> dict[type[Op], Rule]:
    """The rules below, and those of installed packages in the order of their names.

    Raises ``UserError`` if an entry point is no ``OpRule``, or its kind has a rule already.
    """
    found = dict(RULES)
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        extra = point.load()
        if not isinstance(extra, OpRule):
            raise UserError(f"Entry point {point.value} must be an OpRule, not {extra!r}")
        if extra.op in found:
            raise UserError(
                f"Layer kind {extra.op.__name__} must have one rule, not a second one from "
                f"{point.value}"
            )
        found[extra.op] = extra.rule
    return found


def lower(
    graph: Graph,
    quantised: QuantisedModel,
    tiling: Tiling,
    beat_bits: int,
    bindings: tuple[Binding, ...],
) -> tuple[tuple[Instance, ...], tuple[Channel, ...]]:
    """Kernels and streams of a graph.

    Assumes  the graph has one loop, followed by ``LastToken``; plans give every node's formats
    Ensures  every graph value has one source; ports that are still open are control ports,
             memory commands and memory data, which later stages close
    Raises   ``BuildError`` for a graph of another form or a layer kind without a rule
    """
    if len(graph.loops) != 1:
        raise BuildError(f"Graph {graph.name} must have one loop, not {len(graph.loops)}")
    state = Lowering(
        graph=graph,
        quantised=quantised,
        tiling=tiling,
        beat_bits=beat_bits,
        bindings=bindings,
        rules=lowering_rules(),
    )
    for binding in bindings:
        _engine(state, binding)
    for item in graph.nodes:
        if isinstance(item, Loop):
            _loop(state, item)
        else:
            state.lower(item)
    return tuple(state.instances.values()), tuple(state.channels)


def _loop(state: Lowering, loop: Loop) -> None:
    state.scope = Scope.BODY
    source = state.values[loop.source]
    carried = state.rows(source.type.fmt, source.type.tensor_shape()[1])
    entry = state.place(f"{loop.name}_entry", plumbing.loop_entry(carried, loop.trips))
    state.feed(loop.source, entry, "i_first")
    state.produce(loop.carried, entry)
    for node in loop.body:
        state.lower(node)
    leave = state.place(f"{loop.name}_exit", plumbing.loop_exit(carried, loop.trips))
    state.feed(loop.result, leave, "i")
    state.link(leave, "o_back", entry, "i_back", loop.result)
    state.scope = Scope.TAIL
    state.produce(loop.name, leave, "o_exit")


def _engine(state: Lowering, binding: Binding) -> None:
    contexts = []
    for name in binding.nodes:
        op, plan = state.graph.node(name).op, state.quantised.plans[name]
        assert isinstance(op, Linear) and isinstance(plan, LinearPlan)
        contexts.append(
            matmul.MatmulContext(
                name=name,
                inputs=op.inputs,
                outputs=ceil(op.outputs / state.tiling.rows) * state.tiling.rows,
                tokens=1 if name in binding.tail else state.tiling.group,
                group=plan.group,
                out=plan.out,
            )
        )
    engine = state.place(
        binding.instance,
        matmul.Matmul(
            contexts=tuple(contexts),
            rows=state.tiling.rows,
            input_lanes=state.tiling.inputs,
            lanes=state.tiling.lanes,
            tokens=state.tiling.group,
            weight_bits=binding.weight_bits,
            header_multiple=max(1, state.beat_bits // (8 * state.tiling.rows)),
        ),
        Scope.SHARED,
    )
    for port in ("i_header", "i_weight"):
        state.parameters(engine, port, engine.port(port).type)


def _input(state: Lowering, node: Node) -> None:
    op = node.op
    assert isinstance(op, Input)
    bound = state.graph.vocabulary if op.role == "tokens" else state.graph.context
    fmt = Fixed(max(1, (bound - 1).bit_length()), signed=False)
    port = "o_token" if op.role == "tokens" else "o_position"
    each = ITensor(fmt, (1,), (LoopOf(state.tokens, 1, 0),))
    state.values[node.name] = Value(End("sequencer", port), each)


def _gather(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantised.plans[node.name]
    assert isinstance(op, Gather) and isinstance(plan, GatherPlan)
    part = gather.Gather(
        rows=op.rows,
        features=op.features,
        lanes=state.tiling.lanes,
        tokens=state.tiling.group,
        fmt=plan.out,
        width=state.beat_bits,
    )
    instance = state.place(node.name, part, region=node.name)
    state.feed(node.inputs[0], instance, "i_index")
    state.produce(node.name, instance)


def _add(state: Lowering, node: Node) -> None:
    plan = state.quantised.plans[node.name]
    assert isinstance(plan, AddPlan)
    features = state.values[node.inputs[0]].type.tensor_shape()[1]
    order = state.rows(plan.out, features)
    instance = state.place(node.name, add.Add(type=order, a=plan.a, b=plan.b, out=plan.out))
    state.feed(node.inputs[0], instance, "i_a")
    state.feed(node.inputs[1], instance, "i_b")
    state.produce(node.name, instance)


def _layer_norm(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantised.plans[node.name]
    assert isinstance(op, LayerNorm) and isinstance(plan, NormPlan)
    part = layernorm.LayerNorm(
        features=op.features,
        lanes=state.tiling.lanes,
        tokens=state.tokens,
        source=plan.source,
        out=plan.out,
        epsilon=plan.epsilon,
        gamma_frac=plan.gamma_frac,
        beta_frac=plan.beta_frac,
    )
    instance = state.place(node.name, part)
    state.feed(node.inputs[0], instance, "i")
    affine = instance.port("i_affine").type.fmt
    state.parameters(instance, "i_affine", row_major(affine, (1, op.features), state.tiling.lanes))
    state.produce(node.name, instance)


def _linear(state: Lowering, node: Node) -> None:
    (binding,) = (b for b in state.bindings if node.name in b.nodes)
    engine = state.instances[binding.instance]
    state.feed(node.inputs[0], engine, f"i_x_{node.name}")
    state.produce(node.name, engine, f"o_{node.name}")


def _chunk(state: Lowering, node: Node) -> None:
    op = node.op
    assert isinstance(op, Chunk)
    name = f"{node.inputs[0]}_split"
    if name not in state.instances:
        value = state.values[node.inputs[0]]
        siblings = state.graph.readers(node.inputs[0])
        formats = tuple(state.quantised.plans[reader.name].out for reader in siblings)
        instance = state.place(name, split_kernel.Split(type=value.type, formats=formats))
        state.feed(node.inputs[0], instance, "i")
    state.produce(node.name, state.instances[name], f"o_{op.index}")


def _attention(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantised.plans[node.name]
    assert isinstance(op, Attention) and isinstance(plan, AttentionPlan)
    if op.heads != op.kv_heads or not op.causal:
        raise BuildError(
            f"Attention {node.name} must be causal with one key/value head a query head, not "
            f"{op.kv_heads} of {op.heads}"
        )
    tiling, context = state.tiling, state.graph.context
    name = node.name
    score = state.place(
        f"{name}_scores",
        scores.Scores(
            tokens=tiling.group,
            heads=op.heads,
            head_dim=op.head_dim,
            context=context,
            lanes=tiling.attention_lanes,
            query=plan.query,
            key=plan.key,
            out=plan.scores,
            shift=plan.score_shift,
        ),
    )
    soft = state.place(
        f"{name}_softmax",
        softmax.Softmax(
            tokens=tiling.group,
            heads=op.heads,
            context=context,
            source=plan.scores,
            out=plan.probabilities,
        ),
    )
    total = state.place(
        f"{name}_values",
        values_kernel.Values(
            tokens=tiling.group,
            heads=op.heads,
            head_dim=op.head_dim,
            context=context,
            lanes=tiling.attention_lanes,
            probability=plan.probabilities,
            value=plan.value,
            out=plan.out,
            shift=plan.value_shift,
            out_lanes=tiling.lanes,
        ),
    )
    state.feed(node.inputs[0], score, "i_q")
    for role, value, sink, port in (
        ("key", node.inputs[1], score, "i_k"),
        ("value", node.inputs[2], total, "i_v"),
    ):
        append, read = (
            state.place(
                f"{name}_{role}_{verb}",
                part(
                    heads=op.heads,
                    head_dim=op.head_dim,
                    context=context,
                    layers=state.layers,
                    tokens=tiling.group,
                    lanes=lanes,
                    width=state.beat_bits,
                    offset=0,
                ),
                region=f"{name}_{role}",
            )
            for verb, part, lanes in (
                ("append", cache.CacheAppend, tiling.lanes),
                ("read", cache.CacheRead, tiling.attention_lanes),
            )
        )
        state.feed(value, append, "i")
        state.link(append, "o_written", read, "i_written", f"{name}.{role}_written")
        state.link(read, "o", sink, port, f"{name}.{role}_cache")
    state.link(score, "o", soft, "i", f"{name}.scores")
    state.link(soft, "o", total, "i_p", f"{name}.probabilities")
    state.produce(name, total)


def _activation(state: Lowering, node: Node) -> None:
    plan = state.quantised.plans[node.name]
    assert isinstance(plan, ActivationPlan)
    value = state.values[node.inputs[0]]
    features = value.type.tensor_shape()[1]
    # Every token of a group meets the same multipliers: its loop reads them again.
    order = tuple(
        replace(loop, dim=None, step=0) if loop.dim == 0 else loop for loop in value.type.loops
    )
    scales = ITensor(plan.scale, value.type.tile, order)
    part = activation.Activation(
        function=Function(plan.function),
        type=value.type,
        scale=scales,
        out=plan.out,
        inner=plan.middle,
        multiplier_frac=plan.scale_shift,
    )
    instance = state.place(node.name, part)
    state.feed(node.inputs[0], instance, "i")
    state.parameters(instance, "i_scale", row_major(plan.scale, (1, features), value.type.lanes))
    state.produce(node.name, instance)


def _last_token(state: Lowering, node: Node) -> None:
    # The loop's exit already drops all rows but the last.
    state.values[node.name] = state.values[node.inputs[0]]


def _arg_max(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantised.plans[node.name]
    assert isinstance(op, ArgMax) and isinstance(plan, ArgMaxPlan)
    value = state.values[node.inputs[0]]
    part = argmax.ArgMax(
        outputs=value.type.tensor_shape()[1],
        valid=op.classes,
        lanes=state.tiling.lanes,
        fmt=plan.source,
    )
    instance = state.place(node.name, part)
    state.feed(node.inputs[0], instance, "i")
    state.produce(node.name, instance)


RULES: Mapping[type[Op], Rule] = {
    Input: _input,
    Gather: _gather,
    Add: _add,
    LayerNorm: _layer_norm,
    Linear: _linear,
    Chunk: _chunk,
    Attention: _attention,
    Activation: _activation,
    LastToken: _last_token,
    ArgMax: _arg_max,
}
"""How each layer kind becomes hardware; a new kind adds a kernel file and a line here."""
