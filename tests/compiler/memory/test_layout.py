# SPDX-License-Identifier: Apache-2.0
"""The memory image read back: every region where the plan says, every integer as quantized."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pytest

from streamhw.compiler.backend.image import design_image
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.layers.linear import pad_rows
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.memory.layout import PAGE, MemoryPlan, image, plan_memory
from streamhw.compiler.memory.rules import MemoryContext, row_bytes
from streamhw.compiler.memory.segments import Segments
from streamhw.errors import BuildError
from streamhw.graph import Gather, Linear
from streamhw.kernels.matmul.packing import linear_golden
from streamhw.quantization.plan import LinearPlan
from streamhw.quantization.quantized_model import (
    ActivationParameters,
    GatherParameters,
    LinearParameters,
    NormParameters,
    QuantizedModel,
)
from tests.compiler.conftest import Compiled, Parameters

VOCABULARY = 60


@pytest.fixture(params=[{}, {"weight_bits": 8}, {"head_bits": 8}], ids=["w4", "w8", "mixed"])
def stored(request: pytest.FixtureRequest, compiled: Compiled) -> PlacedNetlist:
    return compiled(**request.param)


def content(design: PlacedNetlist, quantized: QuantizedModel) -> np.ndarray:
    return np.concatenate(list(design_image(design, quantized)))


def runs(plan: MemoryPlan, layers: int) -> Iterator[tuple[int | None, int, tuple[Segments, ...]]]:
    """The parameter stream in order: layer, first byte, segments."""
    for layer in range(layers):
        yield layer, plan.region("body").offset + layer * plan.stride, plan.body
    yield None, plan.region("tail").offset, plan.tail


def routed(data: np.ndarray, at: int, segments: Segments, beat: int) -> dict[str, np.ndarray]:
    """What the demux sends to each stream: bytes of (repeat, beats of a turn)."""
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    for count, parts in segments.turns:
        for name, beats in parts * count:
            found[name].append(data[at : at + beats * beat])
            at += beats * beat
    return {name: np.stack(turns) for name, turns in found.items()}


def test_plan(stored: PlacedNetlist) -> None:
    plan, layers = stored.memory, stored.graph.loops[0].trips
    names = [r.name for r in plan.regions]
    assert names == [
        *("token_embedding", "position_embedding", "body", "tail"),
        *("attention_key", "attention_value"),
    ]
    assert all(r.offset % PAGE == 0 for r in plan.regions)
    assert all(a.end <= b.offset for a, b in zip(plan.regions, plan.regions[1:], strict=False))
    assert plan.region("body").bytes == layers * plan.stride
    assert plan.stride == plan.beat_bytes * sum(s.beats for s in plan.body)
    assert plan.stored == plan.region("tail").end
    cache = layers * 32 * stored.graph.context
    assert plan.region("attention_key").bytes == plan.region("attention_value").bytes == cache
    assert plan.total == plan.region("attention_value").end
    with pytest.raises(KeyError, match=r"Memory has regions .*, not 'weights'"):
        plan.region("weights")


def test_image_is_as_long_as_the_plan_says_and_zero_between_regions(
    stored: PlacedNetlist, parameters: Parameters
) -> None:
    plan, data = stored.memory, content(stored, parameters(stored))
    assert len(data) == plan.stored
    inside = np.zeros(plan.stored, dtype=bool)
    for region in plan.regions:
        inside[region.offset : region.end] = True
    assert not data[~inside].any()
    assert data[inside].any()


def test_tables(stored: PlacedNetlist, parameters: Parameters) -> None:
    plan, data = stored.memory, content(stored, parameters(stored))
    for node, _ in stored.graph.walk():
        if isinstance(node.op, Gather):
            values = parameters(stored).parameters(node.name)
            assert isinstance(values, GatherParameters)
            region = plan.region(node.name)
            rows = data[region.offset : region.end].reshape(node.op.rows, -1)
            assert rows.shape[1] == row_bytes(node.op.features, plan.beat_bytes)
            table = rows[:, : 2 * node.op.features].copy().view("<i2")
            assert np.array_equal(table, values.table)


def test_rows_of_tables_are_padded_to_whole_beats() -> None:
    assert row_bytes(32, 64) == 64
    assert row_bytes(33, 64) == 128
    assert row_bytes(1, 16) == 16


def test_norms_and_scales(stored: PlacedNetlist, parameters: Parameters) -> None:
    plan, data, quantized = stored.memory, content(stored, parameters(stored)), parameters(stored)
    seen = set()
    for layer, begin, segments_of in runs(plan, stored.graph.loops[0].trips):
        at = begin
        for segments in segments_of:
            values = quantized.parameters(segments.node, layer)
            streams = routed(data, at, segments, plan.beat_bytes)
            at += segments.beats * plan.beat_bytes
            if isinstance(values, NormParameters):
                (words,) = (s.reshape(-1).view("<i2") for s in streams.values())
                assert np.array_equal(words[0::2], values.gamma)
                assert np.array_equal(words[1::2], values.beta)
            elif isinstance(values, ActivationParameters):
                (words,) = (s.reshape(-1).view("<u2") for s in streams.values())
                assert np.array_equal(words, values.scale)
            else:
                continue
            seen.add((segments.node, layer))
    assert seen == {
        *((name, layer) for name in ("norm_1", "norm_2", "activation") for layer in (0, 1)),
        ("norm_final", None),
    }


def test_matrices(stored: PlacedNetlist, parameters: Parameters) -> None:
    """Headers and codes of every tile, each byte decoded here on its own."""
    plan, data, design = stored.memory, content(stored, parameters(stored)), stored
    seen = 0
    for layer, begin, segments_of in runs(plan, stored.graph.loops[0].trips):
        at = begin
        for segments in segments_of:
            values = parameters(stored).parameters(segments.node, layer)
            streams = routed(data, at, segments, plan.beat_bytes)
            at += segments.beats * plan.beat_bytes
            if not isinstance(values, LinearParameters):
                continue
            seen += 1
            (assignment,) = (b for b in stored.assignments if segments.node in b.nodes)
            engine = design.tiling.engines[assignment.instance]
            rows, lanes = engine.rows, engine.inputs
            matmul = design.quantization.plans[segments.node]
            op = stored.graph.node(segments.node).op
            assert isinstance(matmul, LinearPlan) and isinstance(op, Linear)
            (assignment,) = (b for b in stored.assignments if segments.node in b.nodes)
            headers = streams[f"{assignment.instance}_i_tile_scales"]
            codes = streams[f"{assignment.instance}_i_weight"]
            assert segments.repeat == -(-op.outputs // rows)
            for tile in range(segments.repeat):
                check_tile(values, matmul, headers[tile], codes[tile], tile * rows, rows, lanes)
    assert seen == 4 * 2 + 1


def check_tile(
    values: LinearParameters,
    plan: LinearPlan,
    header: np.ndarray,
    codes: np.ndarray,
    first: int,
    rows: int,
    lanes: int,
) -> None:
    outputs, inputs = values.weight.shape
    per_byte = 8 // plan.weights.bits
    for r in range(rows):
        column = header[r::rows]
        bias = int.from_bytes(bytes(column[:4]), "little", signed=True)
        mult = int.from_bytes(bytes(column[4:6]), "little")
        if first + r >= outputs:
            # A row that only fills the tile: the least result whatever the input is.
            assert (bias, mult, column[6], column[7]) == (-(1 << 31), 1 << 15, 0, 0)
            continue
        assert bias == values.bias[first + r]
        assert mult == values.mult[first + r]
        assert (column[6], column[7]) == (values.shift[first + r], 0)
        groups = values.group_multipliers
        if groups is not None:
            assert np.array_equal(column[8 : 8 + groups.shape[1]], groups[first + r])
    for k in range(inputs):
        for r in range(rows):
            index = (k // lanes) * rows * lanes + r * lanes + k % lanes
            code = int(codes[index // per_byte]) >> (plan.weights.bits * (index % per_byte))
            code &= (1 << plan.weights.bits) - 1
            code -= (code >> (plan.weights.bits - 1)) << plan.weights.bits
            expected = values.weight[first + r, k] if first + r < outputs else 0
            assert code == expected, (first, r, k)


def test_turns_of_parts_that_stand_ahead() -> None:
    parts = (("header", 2), ("weight", 3))
    assert Segments("n", 4, parts).turns == ((4, parts),)
    assert Segments("n", 1, parts, ahead=1).turns == ((1, parts),)
    turns = Segments("n", 4, parts, ahead=1).turns
    assert turns == ((1, parts[:1]), (3, parts), (1, parts[1:]))
    assert sum(k * beats for k, inside in turns for _, beats in inside) == 4 * 5


def test_the_padded_head_never_wins(stored: PlacedNetlist, parameters: Parameters) -> None:
    quantized = parameters(stored)
    values, plan = quantized.parameters("logits"), quantized.plans["logits"]
    assert isinstance(values, LinearParameters) and isinstance(plan, LinearPlan)
    assert pad_rows(values, VOCABULARY) is values
    padded = pad_rows(values, 64)
    x = np.random.default_rng(1).integers(-128, 128, (20, 32))
    result = linear_golden(
        x,
        padded.weight,
        padded.group_multipliers,
        padded.bias,
        padded.mult,
        padded.shift,
        plan.out,
        plan.weights.scale_group,
    )
    assert (result[:, VOCABULARY:] == plan.out.minimum).all()
    assert (result[:, :VOCABULARY].max(axis=1) > plan.out.minimum).all()


def test_scales_come_before_the_matrix_whose_results_they_scale(design: PlacedNetlist) -> None:
    order = [s.node for s in design.memory.body]
    assert order == [
        *("norm_1", "qkv", "attention_out", "norm_2"),
        *("activation", "hidden", "mlp_out"),
    ]


def test_targets_in_order_of_first_use(design: PlacedNetlist) -> None:
    assert design.memory.targets == (
        "norm_1_i_affine",
        "matmul_w4_i_tile_scales",
        "matmul_w4_i_weight",
        "norm_2_i_affine",
        "activation_i_scale",
        "norm_final_i_affine",
    )


def context_of(design: PlacedNetlist, beat_bits: int) -> MemoryContext:
    return MemoryContext(
        quantization=design.quantization,
        tiling=design.tiling,
        assignments=design.assignments,
        beat_bits=beat_bits,
    )


def test_memory_that_is_too_small(design: PlacedNetlist) -> None:
    total = design.memory.total

    def plan(available: int, beat_bits: int = 512) -> MemoryPlan:
        return plan_memory(context_of(design, beat_bits), layer_table().memory, available)

    assert plan(total) == design.memory
    with pytest.raises(
        BuildError,
        match=rf"^Model tiny must fit into {total - 1:,} bytes of memory, but needs {total:,}: "
        r"1 too many$",
    ):
        plan(total - 1)


def test_parameters_pad_their_last_wide_beat(design: PlacedNetlist, parameters: Parameters) -> None:
    plan = plan_memory(context_of(design, 2048), layer_table().memory, design.memory.total * 16)
    (norm,) = (s for s in plan.body if s.node == "norm_1")
    assert norm.parts == (("norm_1_i_affine", 1),)  # 128 bytes in a beat of 256
    at = plan.region("body").offset + plan.beat_bytes * sum(
        s.beats for s in plan.body[: plan.body.index(norm)]
    )
    pieces = image(plan, context_of(design, 2048), layer_table().memory, parameters(design))
    stored = np.concatenate(list(pieces))[at : at + 256]
    assert stored[:128].any()
    assert not stored[128:].any()
