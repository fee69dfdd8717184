# SPDX-License-Identifier: Apache-2.0
"""A program as a layer graph with its trained tensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ....errors import UserError
from ....graph import ArgMax, Attention, Gather, Graph, Input, LastToken, Linear, Node
from ...reading.stored_tensor import StoredTensors
from ..constant import Constant
from ..no_layer_error import NoLayerError
from ..patterns.scores import window_of
from ..program import Program
from ..rolling import Rolled, renamed, rolled
from ..selection import whole_rows
from ..step import Step
from ..stream import ResidualStream, ordered, residual_stream
from .interpreter import Interpreted, constants_at, interpret, sizes_at

__all__ = ["ExportedConfig", "Raised", "raised"]

_ROWS = 8
"""That a program is interpreted for, if it can be run with any number of them."""
_MOST_ROWS, _USUAL_ROWS = 8192, 2048
"""For which masks are looked at: hardware is built for no more, and for so many if a program does
not say how many it is for."""


@dataclass(frozen=True, kw_only=True)
class ExportedConfig:
    """The numbers that every architecture has."""

    layers: int
    features: int
    heads: int
    vocabulary: int
    context: int


@dataclass(frozen=True, kw_only=True)
class Raised:
    """The graph, the numbers in it, and the program's trained tensors by the graph's names.

    notes: sentences that whoever builds it should read
    """

    graph: Graph
    config: ExportedConfig
    tensors: StoredTensors = field(repr=False, compare=False)
    notes: tuple[str, ...]


def raised(program: Program, name: str) -> Raised:
    """What a program computes, as a graph of that name.

    Raises   ``UserError`` that names the operation which no layer expresses
    """
    rows = program.least_rows
    if program.most_rows != rows:
        rows = min(max(rows, _ROWS), program.most_rows or _ROWS)
    found = interpret(program, rows)
    try:
        head = whole_rows(found.state, found.logits)[0]
        context, notes = _context(program, name, found, head)
        if found.state.whole_context and rows != context:
            found = interpret(program, rows := context)
            head = whole_rows(found.state, found.logits)[0]
        head = _tied(found, head)
        stream = residual_stream(head)
        names = found.state.tensors.named(
            parameter.name for step in ordered(head, set()) for parameter in step.op.parameters
        )
        layers = rolled(stream, _windows(program, found, head, context), names)
        graph = _graph(name, stream, layers, context, names)
    except NoLayerError as reason:
        raise UserError(f"{program.source}: {reason}") from None
    except ValueError as error:
        raise UserError(f"{program.source}: {error}") from None
    attention = next(n.op for n, _ in graph.walk() if isinstance(n.op, Attention))
    config = ExportedConfig(
        layers=layers.loop.trips,
        features=stream.sums[0].features,
        heads=attention.heads,
        vocabulary=graph.vocabulary,
        context=context,
    )
    own = {public: key for key, public in names.items()} | layers.tensors
    tensors = {p.name: found.state.tensors.found[own[p.name]] for p in graph.parameters()}
    return Raised(graph=graph, config=config, tensors=tensors, notes=notes)


def _tied(found: Interpreted, head: Step) -> Step:
    """The head with the table of the embedding, if its matrix is a copy of that."""
    tensors, op = found.state.tensors.found, head.op
    if not isinstance(op, Linear):
        return head
    for step in ordered(head, set()):
        if isinstance(step.op, Gather) and step.op.table != op.weight:
            table, weight = tensors[step.op.table], tensors[op.weight]
            shape = weight.shape[::-1] if op.transposed else weight.shape
            if shape == table.shape:
                values = weight.read().T if op.transposed else weight.read()
                if np.array_equal(values, table.read()):
                    return replace(head, op=replace(op, weight=step.op.table, transposed=False))
    return head


def _context(
    program: Program, name: str, found: Interpreted, head: Step
) -> tuple[int, tuple[str, ...]]:
    """Positions that hardware is built for, and why they are so few."""
    tables = (
        []
        if found.state.whole_context
        else [
            step.op.rows
            for step in ordered(head, set())
            if isinstance(step.op, Gather) and step.inputs[0].op == Input(role="positions")
        ]
    )
    said = [program.most_rows] if program.most_rows is not None else tables or [_USUAL_ROWS]
    most = min([*said, *tables, _MOST_ROWS])
    if program.most_rows == program.least_rows:
        return most, (
            f"{name}: hardware is built for {most} positions, those that the program was exported "
            "for: export it with dynamic_shapes for more",
        )
    if most == _MOST_ROWS or (program.most_rows is None and not tables):
        return most, (f"{name}: hardware is built for {most} positions, not for more",)
    return most, ()


def _windows(
    program: Program, found: Interpreted, head: Step, context: int
) -> Mapping[int, int | None]:
    """The window of each attention, by identity: masks as they are for all positions."""
    attentions = [step for step in ordered(head, set()) if isinstance(step.op, Attention)]
    names = {
        id(mask.constant): found.names[id(mask.constant)]
        for step in attentions
        for mask in step.masks
    }
    at_once: Mapping[str, Constant] = {}
    if found.state.rows != context:
        sizes = sizes_at(program, found, context)
        at_once = constants_at(program, context, frozenset(names.values()), sizes)
    windows: dict[int, int | None] = {}
    known: dict[tuple[int, ...], int | None] = {}
    for step in attentions:
        key = tuple(id(mask.constant) for mask in step.masks)
        if key not in known:
            seen = np.tril(np.ones((context, context), dtype=np.bool_))
            for mask in step.masks:
                constant = at_once.get(names[id(mask.constant)], mask.constant)
                seen &= mask.seen(constant.values, context)
            known[key] = window_of(seen)
        windows[id(step)] = known[key]
    return windows


def _graph(
    name: str, stream: ResidualStream, layers: Rolled, context: int, public: Mapping[str, str]
) -> Graph:
    before = ordered(stream.sums[0], set())
    names = {id(step): kind for step, kind in zip(before, _embedding_names(before), strict=True)}

    def node(step: Step) -> Node:
        inputs = (s.op.role if isinstance(s.op, Input) else names[id(s)] for s in step.inputs)
        return Node(names[id(step)], renamed(step.op, public.__getitem__), tuple(inputs))

    embedding = [node(step) for step in before]
    loop = layers.loop
    body_reads = {value for inner in loop.body for value in inner.inputs}
    positions = any("positions" in n.inputs for n in embedding) or "positions" in body_reads
    vocabulary = stream.head.features
    tail = [Node("last", LastToken(), (loop.name,))]
    if stream.norm is not None:
        tail.append(Node("norm_final", renamed(stream.norm.op, public.__getitem__), ("last",)))
    return Graph(
        name=name,
        context=context,
        vocabulary=vocabulary,
        nodes=(
            Node("tokens", Input(role="tokens")),
            *((Node("positions", Input(role="positions")),) if positions else ()),
            *embedding,
            loop,
            *tail,
            Node("logits", renamed(stream.head.op, public.__getitem__), (tail[-1].name,)),
            Node("next_token", ArgMax(classes=vocabulary), ("logits",)),
        ),
    )


def _embedding_names(steps: Sequence[Step]) -> list[str]:
    """The last one is what layers read."""
    roles = {"tokens": "token_embedding", "positions": "position_embedding"}
    names = []
    for step in steps:
        role = step.inputs[0].op.role if isinstance(step.inputs[0].op, Input) else ""
        names.append(roles.get(role, f"embedding_{step.op.kind.lower()}"))
    names[-1] = "embedding"
    return names
