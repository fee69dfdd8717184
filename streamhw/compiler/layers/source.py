# SPDX-License-Identifier: Apache-2.0
"""Where values come from: tokens, positions, and rows of a table."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...graph import Floats, Gather, Input, Lookup, Node
from ...kernels.memory import gather as gather_kernel
from ...numerics.fixed import Fixed
from ...quantization.formats import fraction, index_format
from ...quantization.plan import GatherPlan
from ...quantization.quantized_model import GatherParameters, Parameters, QuantizedModel
from ...quantization.rules import Quantization, QuantizationRule
from ...reference.nodes import Looked
from ...reference.rules import IntegerFunction, Preparation, pure
from ...stream.itensor.itensor import ITensor, Loop
from ..lowering.builder import Lowering, Value
from ..lowering.insert_control import POSITIONS, TOKENS
from ..memory.rules import MemoryContext, MemoryRule, padded_rows, row_bytes
from .layer import Layer

__all__ = ["GATHER", "INPUT"]


# ---- what comes from outside


def _index(state: Quantization, node: Node) -> Fixed:
    assert isinstance(node.op, Input)
    graph = state.graph
    return index_format(graph.vocabulary if node.op.role == "tokens" else graph.context)


def _lower_input(state: Lowering, node: Node) -> None:
    op = node.op
    assert isinstance(op, Input)
    fmt = state.quantization.formats[node.name]
    end = TOKENS if op.role == "tokens" else POSITIONS
    each = ITensor(fmt, (1,), (Loop(state.tokens, 1, 0),))
    state.values[node.name] = Value(end, each)


INPUT = Layer(
    op=Input,
    quantization=QuantizationRule(format=_index),
    reference=None,
    lowering=_lower_input,
)


# ---- tables

_ROWS = 256
"""Rows of a table that are worked on at a time: their reals stay in the processor's cache."""


def _format(state: Quantization, node: Node) -> Fixed:
    return state.residual if state.enters_loop(node) else _stored_format(state, node)


def _stored_format(state: Quantization, node: Node) -> Fixed:
    """Format of the table's elements; moves to the node's without loss."""
    finest = fraction(16, state.largest(node.name), 0)
    return Fixed(16, min(finest, state.residual.frac) if state.enters_loop(node) else finest)


def _plan(state: Quantization, node: Node) -> GatherPlan:
    return GatherPlan(out=state.format(node.name), table=_stored_format(state, node))


def _known_peaks(node: Node, parameters: Lookup) -> Floats:
    """Other text reads other rows."""
    assert isinstance(node.op, Gather)
    table = parameters(node.op.table)
    peaks = np.maximum(table.max(axis=0), -table.min(axis=0))
    return np.asarray(peaks * np.float32(node.op.scale))


def _parameters(state: Quantization, node: Node, layer: int | None) -> Parameters:
    """Some rows at a time: the table may be the largest tensor of a model."""
    op, plan = node.op, state.plans[node.name]
    assert isinstance(op, Gather) and isinstance(plan, GatherPlan)
    codes = np.empty((op.rows, op.features), dtype=np.int16)
    begin = 0
    for block in state.weight_blocks(op.table, layer):
        for at in range(0, len(block), _ROWS):
            some = block[at : at + _ROWS]
            codes[begin : begin + len(some)] = plan.stored.encode(some * op.scale)
            begin += len(some)
    return GatherParameters(table=codes)


def _reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    quantized = state.quantized
    table = quantized.fed(node.name, layer, GatherParameters)
    return pure(Looked(quantized.plan.of(node.name, GatherPlan), table))


def _stored(state: MemoryContext, node: Node) -> int:
    assert isinstance(node.op, Gather)
    return node.op.rows * row_bytes(node.op.features, state.beat_bytes)


def _content(
    state: MemoryContext, quantized: QuantizedModel, node: Node
) -> Iterator[NDArray[np.uint8]]:
    table = quantized.fed(node.name, None, GatherParameters).table
    for begin in range(0, len(table), _ROWS):
        some = table[begin : begin + _ROWS]
        yield padded_rows(some.astype("<i2", copy=False).view(np.uint8), state.beat_bytes)


def _lower_gather(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantization.of(node.name, GatherPlan)
    assert isinstance(op, Gather)
    part = gather_kernel.GatherSpec(
        rows=op.rows,
        features=op.features,
        lanes=state.tiling.lanes,
        tokens=state.tiling.token_batch,
        fmt=plan.stored,
        out=plan.out,
        width=state.beat_bits,
    )
    instance = state.place(node.name, part, region=node.name)
    state.feed(node.inputs[0], instance, "i_index")
    state.produce(node.name, instance)


GATHER = Layer(
    op=Gather,
    quantization=QuantizationRule(
        format=_format, plan=_plan, parameters=_parameters, known_peaks=_known_peaks
    ),
    reference=_reference,
    memory=MemoryRule(stored=_stored, content=_content),
    lowering=_lower_gather,
)
