# SPDX-License-Identifier: Apache-2.0
"""A row, or a pair, of the engine: dot products added to accumulators, against numpy."""

from typing import Any

import numpy as np
import pytest

from streamhw.kernels.matmul.row import MatmulRow
from streamhw.numerics.element_format import integer_format
from tests.clocked import run_clocked

PLAIN: dict[str, Any] = {
    "inputs": 4,
    "lanes": 1,
    "weights": integer_format(4),
    "chain": 1,
    "paired": False,
    "grouped": False,
    "levels": 1,
    "fabric_lanes": 0,
    "fabric_columns": 0,
    "width": 24,
    "depth": 4,
}
ROWS = {
    "plain": PLAIN,
    "two lanes, int8": PLAIN | {"lanes": 2, "weights": integer_format(8)},
    "pair": PLAIN | {"paired": True, "inputs": 8, "levels": 2},
    "groups": PLAIN | {"grouped": True},
    "offsets": PLAIN
    | {"grouped": True, "lanes": 2, "weights": integer_format(4, 4, has_offsets=True)},
}


def word(values: np.ndarray, bits: int) -> int:
    return sum((int(v) & (1 << bits) - 1) << bits * n for n, v in enumerate(values.reshape(-1)))


@pytest.mark.parametrize("name", ROWS)
def test_accumulates_dot_products(name: str) -> None:
    sizes = ROWS[name]
    row = MatmulRow(**sizes)
    rng = np.random.default_rng(3)
    bits, inputs, lanes = sizes["weights"].bits, sizes["inputs"], sizes["lanes"]
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    steps = 3
    weight = rng.integers(low, high, (steps, row.rows, inputs), endpoint=True)
    x = rng.integers(-128, 127, (steps, lanes, inputs), endpoint=True)
    weight[0], x[0] = low, -128
    scales = rng.integers(0, 255, (steps, row.rows), endpoint=True)
    if not sizes["grouped"]:
        scales[:] = 1
    offsets = rng.integers(-128, 127, (steps, row.rows), endpoint=True)
    if not sizes["weights"].has_offsets:
        offsets[:] = 0
    sums: list[list[int]] = []

    async def bench(ctx: Any) -> None:
        for step in range(steps):
            ctx.set(row.weight, word(weight[step], bits))
            ctx.set(row.load, 1)
            await ctx.tick()
            ctx.set(row.load, 0b10)  # from the row's register to the multipliers
            await ctx.tick()
            ctx.set(row.load, 0)
            ctx.set(row.x, word(x[step], 8))
            ctx.set(row.first, step == 0)
            ctx.set(row.at, 2)
            if sizes["grouped"]:
                ctx.set(row.take, 1)
                ctx.set(row.m, scales[step].tolist())
            if sizes["weights"].has_offsets:
                ctx.set(row.n, offsets[step].tolist())
                ctx.set(row.sums, x[step].sum(axis=1).tolist())
            for stage in range(row.stages + 1):
                for lane in range(lanes):
                    ctx.set(row.valid[lane], 1 << stage)
                await ctx.tick()
            for lane in range(lanes):
                ctx.set(row.valid[lane], 0)
        ctx.set(row.read, 2)
        for lane in range(lanes):
            ctx.set(row.lane, lane)
            sums.append([ctx.get(row.o[n]) for n in range(row.rows)])

    run_clocked(row, bench)
    wanted = np.einsum("srk,slk,sr->lr", weight, x, scales)
    wanted += 16 * np.einsum("slk,sr->lr", x, offsets)
    assert sums == wanted.tolist()


def test_the_module_is_named_by_all_parameters() -> None:
    names = {MatmulRow(**sizes).module for sizes in ROWS.values()}
    assert len(names) == len(ROWS)
    assert MatmulRow(**PLAIN).module == "matmul_row_4x1_w4_c1l1f0_0_24x4"
