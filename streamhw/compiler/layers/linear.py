# SPDX-License-Identifier: Apache-2.0
"""Matrix products: contexts of shared engines, and the parts of their outputs."""

from dataclasses import replace
from math import ceil, gcd, prod

import numpy as np
from numpy.typing import NDArray

from ...errors import BuildError
from ...graph import Chunk, Floats, Linear, Node
from ...kernels.elementwise import split
from ...kernels.matmul.context import MatmulContext
from ...kernels.matmul.packing import memory_beats, pack_tile_scales, pack_weight
from ...kernels.matmul.spec import MatmulSpec
from ...numerics.element_format import ElementFormat
from ...numerics.fixed import Fixed
from ...quantization.kept_codes import kept_codes, kept_matrix
from ...quantization.plan import LinearPlan, PassPlan
from ...quantization.quantized_model import LinearParameters, Parameters
from ...quantization.rules import Quantization, QuantizationRule
from ...quantization.smoothing import Reader
from ...quantization.weight_formats import weight_format
from ...quantization.weights import Rounding, quantize_matrix
from ...reference.linear import IntegerProduct
from ...reference.nodes import Passed
from ...reference.rules import IntegerFunction, Preparation, pure
from ...stream.control.scope import Scope
from ...stream.itensor.itensor import ITensor, row_major
from ..lowering.builder import Lowering
from ..mapping.engine_tiling import EngineTiling, tile_scale_bytes
from ..memory.rules import MemoryContext, MemoryRule
from ..memory.segments import Segments
from .layer import Layer

__all__ = ["CHUNK", "LINEAR", "pad_rows"]

Reals = NDArray[np.float64]


def _op(node: Node) -> Linear:
    assert isinstance(node.op, Linear)
    return node.op


def _format(state: Quantization, node: Node) -> Fixed:
    wanted = state.wanted(node.name)
    if wanted is None:
        readers = ", ".join(r.op.kind for r in state.graph.readers(node.name))
        raise BuildError(f"Node {node.name}: no integer format for Linear that feeds {readers}")
    return wanted


def _weights(state: Quantization, node: Node) -> ElementFormat:
    return weight_format(state.graph, node.name, state.config)


def _smoothing(state: Quantization, node: Node) -> float:
    return state.config.smoothing_of(_weights(state, node))


def _matrix(state: Quantization, node: Node, layer: int | None) -> Floats:
    """[outputs, inputs]."""
    weight = state.weight(_op(node).weight, layer)
    return weight.T if _op(node).transposed else weight


def _reader(state: Quantization, node: Node, layer: int | None) -> Reader:
    return Reader(
        matrix=_matrix(state, node, layer),
        weights=_weights(state, node),
        stored=kept_codes(state, node, layer),
    )


def _plan(state: Quantization, node: Node) -> LinearPlan:
    weights, inputs = _weights(state, node), _op(node).inputs
    group = weights.scale_group
    if group is not None and inputs % group:
        raise BuildError(
            f"Node {node.name}: scale group must divide the {inputs} input columns, not {group}",
            hint="--quant w8a8 has no groups of columns",
        )
    return LinearPlan(
        weights=weights,
        source=state.format(node.inputs[0]),
        out=state.format(node.name),
    )


def _parameters(state: Quantization, node: Node, layer: int | None) -> Parameters:
    op, plan = _op(node), state.plans[node.name]
    assert isinstance(plan, LinearPlan)
    scales = np.asarray(state.scales[node.inputs[0], layer], dtype=np.float32)
    moments = state.statistics.moments[node.inputs[0], layer]
    mean = moments.mean / scales if state.trained and op.bias is not None else None
    bias, output_scale = _bias(state, node, layer), _output_scale(state, node, layer)
    if (stored := kept_codes(state, node, layer)) is not None:
        kept = kept_matrix(stored, plan.weights, scales, bias, mean, output_scale)
        if kept is not None:
            return kept
    spread = state.config.compensate and plan.weights.compensated
    rounding = Rounding(
        weights=plan.weights,
        square=moments.square / scales**2,
        mean=mean,
        compensation=state.compensation(node.inputs[0], layer) if spread else None,
        search=state.trained,
    )
    blocks = (
        (_matrix(state, node, layer),) if op.transposed else state.weight_blocks(op.weight, layer)
    )
    return quantize_matrix(blocks, bias, rounding, output_scale, scales, state.on_weights)


def _bias(state: Quantization, node: Node, layer: int | None) -> Reals:
    op = _op(node)
    if op.bias is None:
        return np.zeros(op.outputs)
    return state.weight(op.bias, layer).astype(np.float64)


def _output_scale(state: Quantization, node: Node, layer: int | None) -> Reals:
    """Integers of the value per real unit, for each output."""
    op = _op(node)
    scale = np.full(op.outputs, 1 / state.format(node.name).step)
    if (node.name, layer) in state.scales:
        return 1 / state.scales[node.name, layer]
    for reader in state.graph.readers(node.name):
        if (part := reader.op.row_part) is not None:
            width = op.outputs // part.parts
            begin = part.index * width
            scale[begin : begin + width] = 1 / state.scales[reader.name, layer]
    return scale


def _reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    quantized = state.quantized
    product = IntegerProduct(
        quantized.plan.of(node.name, LinearPlan),
        quantized.fed(node.name, layer, LinearParameters),
        wide=state.wide,
    )
    state.kept += product.bytes
    return pure(product)


def _segments(state: MemoryContext, node: Node) -> Segments:
    op = _op(node)
    (assignment,) = (b for b in state.assignments if node.name in b.nodes)
    groups = assignment.weights.group_bytes(op.inputs)
    rows, beat = state.tiling.engines[assignment.instance].rows, state.beat_bytes
    weights = assignment.weights.packed_bytes(rows * op.inputs)
    return Segments(
        node.name,
        ceil(op.outputs / rows),
        (
            (f"{assignment.instance}_i_tile_scales", ceil(tile_scale_bytes(rows, groups) / beat)),
            (f"{assignment.instance}_i_weight", ceil(weights / beat)),
        ),
        # Scales have a longer way through narrower words than weights: the array works on a
        # tile while the scales of the next one come.
        ahead=1,
    )


def _pack(
    state: MemoryContext, node: Node, segments: Segments, values: Parameters
) -> NDArray[np.uint8]:
    assert isinstance(values, LinearParameters)
    plan = state.quantization.of(node.name, LinearPlan)
    (assignment,) = (b for b in state.assignments if node.name in b.nodes)
    engine = state.tiling.engines[assignment.instance]
    padded = pad_rows(values, segments.repeat * engine.rows)
    scales = pack_tile_scales(
        padded.bias,
        padded.mult,
        padded.shift,
        padded.group_multipliers,
        padded.group_offsets,
        rows=engine.rows,
    )
    words = pack_weight(padded.weight, rows=engine.rows, inputs=engine.inputs)
    packed = memory_beats(scales, words, weights=plan.weights, width=state.beat_bits)
    return np.asarray(packed.reshape(-1))


def pad_rows(values: LinearParameters, rows: int) -> LinearParameters:
    """The matrix with rows added that give the least result, so that arg-max never takes them."""
    missing = rows - len(values.bias)
    if missing == 0:
        return values
    groups, offsets = values.group_multipliers, values.group_offsets
    return LinearParameters(
        weight=np.pad(values.weight, ((0, missing), (0, 0))),
        group_multipliers=None if groups is None else np.pad(groups, ((0, missing), (0, 0))),
        group_offsets=None if offsets is None else np.pad(offsets, ((0, missing), (0, 0))),
        bias=np.pad(values.bias, (0, missing), constant_values=-(1 << 31)),
        mult=np.pad(values.mult, (0, missing), constant_values=1 << 15),
        shift=np.pad(values.shift, (0, missing)),
        row_step=np.pad(values.row_step, (0, missing)),
    )


def _lower_linear(state: Lowering, node: Node) -> None:
    """Gives an engine one more context; its first one places it."""
    op, plan = node.op, state.quantization.of(node.name, LinearPlan)
    assert isinstance(op, Linear)
    (assignment,) = (b for b in state.assignments if node.name in b.nodes)
    tiling, sizes = state.tiling, state.tiling.engines[assignment.instance]
    context = MatmulContext(
        name=node.name,
        inputs=op.inputs,
        outputs=ceil(op.outputs / sizes.rows) * sizes.rows,
        tokens=1 if state.scope is Scope.TAIL else tiling.token_batch,
        scale_group=plan.weights.scale_group,
        out=plan.out,
        arrival=_arrival(state, node.inputs[0], op.inputs, sizes),
    )
    placed = state.instances.get(assignment.instance)
    if placed is None:
        words = state.beat_bits // (8 * sizes.rows)
        part = MatmulSpec(
            contexts=(context,),
            rows=sizes.rows,
            input_lanes=sizes.inputs,
            lanes=sizes.lanes,
            tokens=tiling.token_batch,
            token_lanes=sizes.token_lanes,
            fabric_lanes=sizes.fabric_lanes,
            paired=sizes.paired,
            loop_order=sizes.loop_order,
            weights=assignment.weights,
            scale_lanes=min(8, max(1, words)),
            scale_multiple=max(1, words),
        )
    else:
        assert isinstance(placed.part, MatmulSpec)
        part = replace(placed.part, contexts=(*placed.part.contexts, context))
    engine = state.place(assignment.instance, part, Scope.SHARED)
    state.feed(node.inputs[0], engine, f"i_x_{node.name}")
    state.produce(node.name, engine, f"o_{node.name}")


def _arrival(state: Lowering, name: str, features: int, sizes: EngineTiling) -> ITensor:
    """The order in which an operand comes, if the engine can store it as it comes."""
    type = state.values[name].type
    if (
        type.tile[0] == 1
        and sizes.inputs % type.lanes == 0
        and type.beats() * type.lanes == prod(type.tensor_shape())
        and all(
            loop.dim != 1 or sizes.inputs % loop.step == 0 or loop.step % sizes.inputs == 0
            for loop in type.loops
        )
    ):
        return type
    return row_major(type.fmt, (state.tokens, features), gcd(features, sizes.inputs, type.lanes))


LINEAR = Layer(
    op=Linear,
    quantization=QuantizationRule(
        format=_format,
        plan=_plan,
        parameters=_parameters,
        smoothing=_smoothing,
        matrix=_reader,
        measured=True,
    ),
    reference=_reference,
    memory=MemoryRule(segments=_segments, pack=_pack),
    lowering=_lower_linear,
)


# ---- parts of a product's results


def _chunk_format(state: Quantization, node: Node) -> Fixed:
    wanted = state.wanted(node.name)
    if wanted is None or wanted.width > 16:
        raise BuildError(
            f"Node {node.name}: no integer format for {node.op.kind} that feeds no attention"
        )
    return wanted


def _chunk_wants(state: Quantization, node: Node, name: str) -> Fixed:
    """Codes of whatever scales its parts have."""
    return Fixed(16)


def _chunk_plan(state: Quantization, node: Node) -> PassPlan:
    return PassPlan(source=state.format(node.inputs[0]), out=state.format(node.name))


def _chunk_reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    assert isinstance(node.op, Chunk)
    return pure(Passed(state.quantized.plan.of(node.name, PassPlan), node.op))


def _lower_chunk(state: Lowering, node: Node) -> None:
    op = node.op
    assert isinstance(op, Chunk)
    name = f"{node.inputs[0]}_split"
    if name not in state.instances:
        value = state.values[node.inputs[0]]
        siblings = state.graph.readers(node.inputs[0])
        formats = tuple(state.quantization.plans[reader.name].out for reader in siblings)
        instance = state.place(name, split.SplitSpec(type=value.type, formats=formats))
        state.feed(node.inputs[0], instance, "i")
    state.produce(node.name, state.instances[name], f"o_{op.index}")


CHUNK = Layer(
    op=Chunk,
    quantization=QuantizationRule(format=_chunk_format, plan=_chunk_plan, wants=_chunk_wants),
    reference=_chunk_reference,
    lowering=_lower_chunk,
)
