# SPDX-License-Identifier: Apache-2.0
"""The rows of an engine: one Verilog module for all of a large array."""

from streamhw.compiler.backend.conversion import converted
from streamhw.compiler.backend.ram_modules import Target
from tests.kernels.matmul.engines import context, engine


def test_large_array_shares_one_row_module() -> None:
    spec = engine(
        context(inputs=64, outputs=16, tokens=2, scale_group=32),
        rows=16,
        input_lanes=32,
        lanes=4,
        tokens=2,
    )
    files = Target()
    text = converted(spec.create(), "dut", platform=files.within("dut"))
    assert list(files.texts) == ["matmul_row_32x1_w4g_c1l1f0_0_25x8.v", "requantize_25_8.v"]
    assert text.count("matmul_row_32x1_w4g_c1l1f0_0_25x8 ") == 16
    assert text.count("requantize_25_8 ") == 4
