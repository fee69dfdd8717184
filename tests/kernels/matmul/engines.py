# SPDX-License-Identifier: Apache-2.0
"""Matmul engines of many shapes, and their parameters."""

from typing import Any

import numpy as np

from streamhw.kernels.matmul.context import MatmulContext
from streamhw.kernels.matmul.packing import (
    pack_tile_scales,
    pack_weight,
)
from streamhw.kernels.matmul.spec import MatmulSpec
from streamhw.numerics.element_format import ElementFormat, integer_format
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import Symbol, row_major
from streamhw.stream.loop_order import LoopOrder
from streamhw.testing import Case

INT8 = Fixed(8)
TERNARY = ElementFormat(name="ternary", bits=2, minimum=-1, maximum=1)
LEVELS = ElementFormat(
    name="fp4",
    bits=4,
    minimum=-12,
    maximum=12,
    levels=(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12),
)
"""Twice the numbers of E2M1, a floating-point format of 4 bits: its integers have 5."""
OFFSETS = integer_format(4, 8, has_offsets=True)


def context(
    name: str = "a",
    inputs: int = 16,
    outputs: int = 8,
    tokens: int = 3,
    scale_group: int | None = None,
    out: Fixed = INT8,
    lanes: int = 1,
    bits: int = 8,
) -> MatmulContext:
    """bits: of the operand's codes."""
    rows = Symbol("tokens", tokens) if tokens > 1 else 1
    arrival = row_major(Fixed(bits), (rows, inputs), lanes)
    return MatmulContext(
        name=name,
        inputs=inputs,
        outputs=outputs,
        tokens=tokens,
        scale_group=scale_group,
        out=out,
        arrival=arrival,
    )


def engine(*contexts: MatmulContext, **sizes: Any) -> MatmulSpec:
    """Weights of ``weight_bits`` in two's complement, if they have no other format."""
    bits = sizes.pop("weight_bits", 4)
    defaults = {"rows": 4, "input_lanes": 4, "lanes": 2, "tokens": 3}
    defaults["weights"] = integer_format(bits)
    return MatmulSpec(contexts=contexts, **(defaults | sizes))


def parameters(
    spec: MatmulSpec, c: MatmulContext, rng: np.random.Generator, extreme: int = 0
) -> dict[str, np.ndarray]:
    """Random weights and scales; ``extreme`` 1 or -1 drives all sums to one end."""
    low, high = -(1 << (spec.weights.bits - 1)), (1 << (spec.weights.bits - 1)) - 1
    weight = rng.integers(low, high, (c.outputs, c.inputs), endpoint=True)
    if spec.weights.levels:
        weight = spec.weights.decode(weight)
        low, high = spec.weights.minimum, spec.weights.maximum
    groups = rng.integers(0, 255, (c.outputs, c.groups), endpoint=True) if c.scale_group else None
    offsets = None
    if spec.weights.has_offsets:
        offsets = rng.integers(-128, 127, (c.outputs, c.groups), endpoint=True)
    width = c.arrival.fmt.width
    bits = spec.accumulator_width + 15 - c.out.width + width - 8
    shift = np.clip(rng.integers(bits - 9, bits + 2, c.outputs), 0, 63)
    bias = rng.integers(-1 << 20, 1 << 20, c.outputs)
    mult = rng.integers(0, 1 << 16, c.outputs)
    if extreme:
        weight[:] = low if extreme > 0 else high
        bias[:] = (1 << 31) - 1 if extreme > 0 else -1 << 31
        mult[:] = (1 << 16) - 1
        if groups is not None:
            groups[:] = 255
        if offsets is not None:
            offsets[:] = -128 if extreme > 0 else 127
    shift[0], shift[-1] = 0, 63
    return {
        "weight": weight,
        "groups": groups,
        "offsets": offsets,
        "bias": bias,
        "mult": mult,
        "shift": shift,
    }


def case(spec: MatmulSpec, n: int, rng: np.random.Generator, extreme: int = 0) -> Case:
    """All contexts once, with ``n`` tokens."""
    tiles, weights, xs = [], [], {}
    for c in spec.contexts:
        p = parameters(spec, c, rng, extreme)
        scales = pack_tile_scales(
            p["bias"], p["mult"], p["shift"], p["groups"], p["offsets"], rows=spec.rows
        )
        words = pack_weight(p["weight"], rows=spec.rows, inputs=spec.input_lanes)
        padding = spec.tile_words(c) - scales.shape[1]
        scales = np.pad(scales, ((0, 0), (0, padding), (0, 0)), constant_values=0xA5)
        tiles.append(scales.reshape(-1, spec.rows))
        codes = spec.weights.encode(words.reshape(-1, spec.rows * spec.input_lanes))
        weights.append(codes)
        fmt = c.arrival.fmt
        x = rng.integers(fmt.minimum, fmt.maximum, (c.tokens, c.inputs), endpoint=True)
        xs[f"i_x_{c.name}"] = np.full_like(x, fmt.minimum) if extreme else x
    symbol_values = {"tokens": n}
    inputs = {
        "i_run": spec.commands(symbol_values),
        "i_tile_scales": np.concatenate(tiles).astype(np.int64),
        "i_weight": np.concatenate(weights).astype(np.int64),
        **xs,
    }
    return Case(inputs=inputs, symbol_values=symbol_values)


SPECS = {
    "int4, groups": engine(context(outputs=12, scale_group=8)),
    "int4, groups of one step": engine(context(outputs=4, scale_group=4, out=Fixed(16))),
    "int4": engine(context(out=Fixed(32, 8))),
    "int8": engine(context(out=Fixed(5)), weight_bits=8, lanes=1),
    "int8, groups, unsigned out": engine(
        context(scale_group=8, out=Fixed(8, signed=False)), weight_bits=8, lanes=4
    ),
    "ternary, paired": engine(
        context(inputs=32, out=Fixed(12)), input_lanes=8, weights=TERNARY, paired=True, lanes=4
    ),
    "ternary, fabric": engine(
        context(out=Fixed(24)), weights=TERNARY, token_lanes=2, fabric_lanes=1
    ),
    "levels, groups, fabric": engine(
        context(outputs=12, scale_group=8, out=Fixed(16)),
        weights=LEVELS,
        token_lanes=2,
        fabric_lanes=1,
    ),
    "levels, paired": engine(context(inputs=32, out=Fixed(16)), weights=LEVELS, paired=True),
    "minimal": engine(
        context(inputs=1, outputs=1, tokens=1), rows=1, input_lanes=1, lanes=1, tokens=1
    ),
    "minimal, groups": engine(
        context(inputs=2, outputs=2, tokens=1, scale_group=1),
        rows=1,
        input_lanes=1,
        lanes=1,
        tokens=1,
    ),
    "three lanes, four tokens": engine(
        context(inputs=9, outputs=6, tokens=4), rows=6, input_lanes=3, lanes=3, tokens=4
    ),
    "drain is slower": engine(context(inputs=4, outputs=24), lanes=1),
    "two token lanes": engine(context(inputs=12, outputs=8, tokens=5), tokens=5, token_lanes=2),
    "four token lanes, groups": engine(
        context(outputs=12, tokens=6, scale_group=8, lanes=2), tokens=6, token_lanes=4, lanes=4
    ),
    "paired": engine(context(out=Fixed(24)), paired=True),
    "paired, groups, chains": engine(
        context(inputs=32, outputs=12, scale_group=16, lanes=4),
        input_lanes=16,
        paired=True,
        chain=8,
    ),
    "paired, int8, chains": engine(
        context(inputs=32, lanes=8, out=Fixed(30)),
        input_lanes=8,
        paired=True,
        chain=4,
        weight_bits=8,
    ),
    "output stationary": engine(
        context(outputs=12, scale_group=8), loop_order=LoopOrder.OUTPUT_STATIONARY
    ),
    "output stationary, int8, a token": engine(
        context(tokens=1, outputs=16), loop_order=LoopOrder.OUTPUT_STATIONARY, weight_bits=8
    ),
    "output stationary, a step": engine(
        context(inputs=4, outputs=24), loop_order=LoopOrder.OUTPUT_STATIONARY, lanes=4
    ),
    "output stationary, wide beats": engine(
        context(inputs=24, outputs=8, tokens=5, lanes=4),
        loop_order=LoopOrder.OUTPUT_STATIONARY,
        tokens=5,
    ),
    "output stationary, contexts": engine(
        context("qkv", outputs=12, scale_group=8, out=Fixed(16)),
        context("fc", inputs=8, outputs=4, scale_group=4, out=Fixed(12, signed=False)),
        context("head", outputs=8, tokens=1, scale_group=16, out=Fixed(32, 10)),
        loop_order=LoopOrder.OUTPUT_STATIONARY,
    ),
    "output stationary, token lanes, groups": engine(
        context(outputs=12, tokens=6, scale_group=8, lanes=2),
        loop_order=LoopOrder.OUTPUT_STATIONARY,
        tokens=6,
        token_lanes=4,
        lanes=4,
    ),
    "fabric": engine(context(out=Fixed(24)), token_lanes=2, fabric_lanes=1),
    "fabric, int8, two levels": engine(
        context(out=Fixed(24), inputs=8),
        input_lanes=8,
        weight_bits=8,
        token_lanes=2,
        fabric_lanes=2,
        levels=2,
    ),
    "paired, fabric, groups, two levels": engine(
        context(inputs=32, outputs=12, scale_group=16, lanes=4),
        input_lanes=16,
        token_lanes=2,
        paired=True,
        levels=2,
        fabric_lanes=1,
    ),
    "paired, int8, columns in fabric, two levels": engine(
        context(inputs=32, lanes=8, out=Fixed(30)),
        input_lanes=16,
        paired=True,
        levels=2,
        weight_bits=8,
        fabric_columns=3,
    ),
    "paired, chains, lanes and columns in fabric": engine(
        context(inputs=32, lanes=8, out=Fixed(30)),
        input_lanes=16,
        token_lanes=2,
        chain=4,
        paired=True,
        levels=3,
        weight_bits=8,
        fabric_lanes=1,
        fabric_columns=5,
    ),
    "chain": engine(context(lanes=4), chain=4),
    "rows on dies": engine(context(), row_dies=(1, 0), row_slices=2),
    "rows on dies, groups, lanes, pairs": engine(
        context(inputs=32, outputs=16, tokens=6, scale_group=16, lanes=4),
        rows=8,
        input_lanes=16,
        lanes=4,
        tokens=6,
        token_lanes=2,
        paired=True,
        levels=2,
        fabric_lanes=1,
        row_dies=(0, 2, 0, 1),
        row_slices=4,
    ),
    "wide scales": engine(context(scale_group=4), scale_lanes=4),
    "widest scales": engine(
        context("a", scale_group=4), context("b", inputs=64, scale_group=4), scale_lanes=16
    ),
    "widest scales, no groups": engine(context(), scale_lanes=16, scale_multiple=32),
    "rows of one word": engine(
        context(inputs=4, outputs=12, tokens=5, lanes=2), tokens=5, token_lanes=2
    ),
    "rows of one word, groups": engine(
        context("a", inputs=8, outputs=12, tokens=5, scale_group=8, lanes=4),
        context("b", inputs=16, outputs=8, tokens=5, scale_group=8, lanes=8),
        tokens=5,
        input_lanes=8,
        lanes=4,
    ),
    "wider scales": engine(context("a", scale_group=4), context("b", scale_group=8), scale_lanes=8),
    "all of it": engine(
        context("qkv", inputs=64, outputs=24, scale_group=32, out=Fixed(16), lanes=8, tokens=4),
        context("fc", inputs=32, outputs=16, scale_group=32, lanes=4, tokens=4),
        context("head", inputs=64, outputs=8, tokens=1, scale_group=32, out=Fixed(32, 10), lanes=8),
        rows=8,
        input_lanes=32,
        lanes=4,
        tokens=4,
        token_lanes=2,
        scale_lanes=8,
        chain=4,
        paired=True,
    ),
    "two digits": engine(context(bits=15, out=Fixed(24))),
    "two digits, a token": engine(
        context(bits=15, tokens=1, out=Fixed(24), lanes=2), tokens=1, weight_bits=8
    ),
    "two digits, a token, token lanes": engine(
        context(bits=12, tokens=1, outputs=12, scale_group=8, lanes=2), tokens=1, token_lanes=2
    ),
    "two digits, rows of one word": engine(
        context(bits=15, inputs=4, outputs=12, tokens=5, lanes=2), tokens=5, token_lanes=2
    ),
    "two digits, rows of one word, a row a pass": engine(
        context(bits=9, inputs=4, outputs=12, tokens=5, lanes=2), tokens=5, lanes=1
    ),
    "two digits, token lanes, groups, contexts": engine(
        context("qkv", outputs=12, tokens=6, scale_group=8, lanes=2),
        context("out", inputs=8, outputs=8, tokens=6, scale_group=8, bits=15, out=Fixed(32, 8)),
        context("head", outputs=8, tokens=1, scale_group=16, out=Fixed(24)),
        tokens=6,
        token_lanes=4,
        lanes=4,
    ),
    "two digits, paired, slices, fabric": engine(
        context("a", inputs=32, outputs=16, tokens=6, scale_group=16, lanes=4, bits=15),
        context("b", inputs=16, outputs=16, tokens=6, scale_group=16, lanes=8),
        rows=8,
        input_lanes=16,
        lanes=4,
        tokens=6,
        token_lanes=2,
        paired=True,
        levels=2,
        weight_bits=8,
        fabric_lanes=1,
        row_dies=(0, 2, 0, 1),
        row_slices=4,
    ),
    "two digits, output stationary": engine(
        context(bits=15, outputs=12, scale_group=8, out=Fixed(20)),
        context("b", inputs=8, outputs=8, scale_group=8),
        loop_order=LoopOrder.OUTPUT_STATIONARY,
    ),
    "two digits, output stationary, a token": engine(
        context(bits=15, tokens=1, outputs=16, lanes=2),
        loop_order=LoopOrder.OUTPUT_STATIONARY,
        weight_bits=8,
        tokens=1,
    ),
    "two digits, output stationary, token lanes": engine(
        context(bits=15, outputs=12, tokens=6, scale_group=8, lanes=2),
        loop_order=LoopOrder.OUTPUT_STATIONARY,
        tokens=6,
        token_lanes=2,
        lanes=4,
    ),
    "two digits, output stationary, a step": engine(
        context(bits=15, inputs=4, outputs=24), loop_order=LoopOrder.OUTPUT_STATIONARY, lanes=4
    ),
    "offsets": engine(context(outputs=12, scale_group=8, out=Fixed(24)), weights=OFFSETS),
    "offsets, minimal": engine(
        context(inputs=2, outputs=2, tokens=1, scale_group=1),
        rows=1,
        input_lanes=1,
        lanes=1,
        tokens=1,
        weights=OFFSETS,
    ),
    "offsets, token lanes, three columns": engine(
        context(inputs=12, outputs=12, tokens=6, scale_group=6, lanes=3, out=Fixed(20)),
        input_lanes=3,
        tokens=6,
        token_lanes=4,
        lanes=4,
        scale_lanes=2,
        weights=OFFSETS,
    ),
    "offsets, output stationary, contexts": engine(
        context("qkv", outputs=12, scale_group=8, out=Fixed(16)),
        context("fc", inputs=8, outputs=4, scale_group=4, out=Fixed(12, signed=False)),
        context("head", outputs=8, tokens=1, scale_group=16, out=Fixed(32, 10)),
        loop_order=LoopOrder.OUTPUT_STATIONARY,
        token_lanes=2,
        scale_lanes=16,
        weights=OFFSETS,
    ),
    "offsets, rows on dies, pairs, chains": engine(
        context(inputs=32, outputs=16, tokens=6, scale_group=16, lanes=4, out=Fixed(16)),
        rows=8,
        input_lanes=16,
        lanes=4,
        tokens=6,
        token_lanes=2,
        scale_lanes=4,
        paired=True,
        chain=4,
        levels=2,
        fabric_lanes=1,
        row_dies=(0, 2, 0, 1),
        row_slices=3,
        weights=OFFSETS,
    ),
    "offsets, two digits": engine(
        context("a", outputs=12, tokens=6, scale_group=8, lanes=2, bits=15, out=Fixed(32, 8)),
        context("b", inputs=8, outputs=8, tokens=6, scale_group=8),
        tokens=6,
        token_lanes=2,
        lanes=4,
        weights=OFFSETS,
    ),
    "contexts": engine(
        context("qkv", outputs=12, scale_group=8, out=Fixed(16)),
        context("fc", inputs=8, outputs=4, scale_group=4, out=Fixed(12, signed=False)),
        context("head", outputs=8, tokens=1, scale_group=16, out=Fixed(32, 10)),
    ),
}
