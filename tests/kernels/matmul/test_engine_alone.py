# SPDX-License-Identifier: Apache-2.0
"""One matrix product of 64 multipliers as a design of its own: 16 x 16 x 16, all of 8 bits."""

import numpy as np
from amaranth.back import verilog

from streamhw.boards.base import Family
from streamhw.compiler.resources.fpga_cells import cells_of
from streamhw.kernels.matmul.context import MatmulContext
from streamhw.kernels.matmul.packing import pack_tile_scales, pack_weight
from streamhw.kernels.matmul.spec import MatmulSpec
from streamhw.numerics.element_format import integer_format
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import Symbol, row_major
from streamhw.synthesis.yosys import count_modules
from streamhw.testing import Case, check_kernel

SIZE = 16

# A row of x is one word, so work begins with the first; of 64 products 16 are made of LUTs, which
# leaves DSP blocks for the requantizer.
SPEC = MatmulSpec(
    contexts=(
        MatmulContext(
            name="a",
            inputs=SIZE,
            outputs=SIZE,
            tokens=SIZE,
            scale_group=None,
            out=Fixed(8),
            arrival=row_major(Fixed(8), (Symbol("tokens", SIZE), SIZE), SIZE),
        ),
    ),
    rows=4,
    input_lanes=16,
    lanes=4,
    tokens=SIZE,
    weights=integer_format(8),
    scale_lanes=8,
    paired=True,
    levels=2,
    fabric_columns=4,
)


def matrices(rng: np.random.Generator) -> Case:
    """One product of random matrices, with all of x and of the weights at -128 now and then."""
    weight = rng.integers(-128, 127, (SIZE, SIZE), endpoint=True)
    x = rng.integers(-128, 127, (SIZE, SIZE), endpoint=True)
    if rng.integers(4) == 0:
        weight[:], x[:] = -128, -128
    bias = rng.integers(-(1 << 14), 1 << 14, SIZE)
    mult = rng.integers(0, 1 << 16, SIZE)
    scales = pack_tile_scales(bias, mult, rng.integers(16, 24, SIZE), None, rows=SPEC.rows)
    words = pack_weight(weight, rows=SPEC.rows, inputs=SPEC.input_lanes)
    inputs = {
        "i_run": SPEC.commands({"tokens": SIZE}),
        "i_tile_scales": scales.reshape(-1, SPEC.rows).astype(np.int64),
        "i_weight": words.reshape(-1, SPEC.rows * SPEC.input_lanes).astype(np.int64),
        "i_x_a": x,
    }
    return Case(inputs=inputs, symbol_values={"tokens": SIZE})


def test_rate_and_first_result() -> None:
    timing = SPEC.timing({"tokens": SIZE})
    assert SPEC.rows * SPEC.input_lanes * SPEC.token_lanes == 64
    assert timing.interval == 64 <= 66
    assert timing.latency == 18 <= 20


def test_results_and_cycles_under_stalls_of_every_port() -> None:
    rng = np.random.default_rng(16)
    check_kernel(SPEC, [matrices(rng) for _ in range(6)])


def test_cells() -> None:
    text = verilog.convert(SPEC.create(), name="top", emit_src=False, strip_internal_attrs=True)
    cells = count_modules(text, Family.ULTRASCALE_PLUS)["top"]
    estimated = cells_of(SPEC.resources(), Family.ULTRASCALE_PLUS)
    assert cells.dsps == estimated.dsps == 32
    assert cells.luts <= 5_000
    assert abs(cells.luts - estimated.luts) <= 0.15 * cells.luts
    assert abs(cells.ffs - estimated.ffs) <= 0.15 * cells.ffs
