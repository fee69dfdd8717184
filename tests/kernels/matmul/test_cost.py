# SPDX-License-Identifier: Apache-2.0
"""Cells of the matmul engine, counted by Yosys, against their estimate."""

from typing import Any

import pytest

from streamhw.boards.base import Family
from streamhw.compiler.backend.conversion import converted
from streamhw.compiler.resources.fpga_cells import Cells, cells_of
from streamhw.kernels.matmul.array import row_of
from streamhw.kernels.matmul.context import MatmulContext
from streamhw.kernels.matmul.cost import row_resources
from streamhw.kernels.matmul.spec import MatmulSpec
from streamhw.numerics.element_format import integer_format
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import row_major
from streamhw.synthesis.yosys import count_modules


def rows_of(group: int | None = None, **sizes: Any) -> MatmulSpec:
    """An engine of a row module or a few."""
    context = MatmulContext(
        name="a",
        inputs=64,
        outputs=4,
        tokens=1,
        scale_group=group,
        out=Fixed(8),
        arrival=row_major(Fixed(8), (1, 64), 8),
    )
    defaults = {"rows": 4, "input_lanes": 32, "lanes": 4, "tokens": 1}
    bits, has_offsets = sizes.pop("weight_bits", 4), sizes.pop("has_offsets", False)
    defaults["weights"] = integer_format(bits, group, has_offsets=has_offsets)
    return MatmulSpec(contexts=(context,), **(defaults | sizes))


def counted(spec: MatmulSpec, depth: int) -> Cells:
    """Cells of one row module."""
    row = row_of(spec, depth)
    text = converted(row, row.module, sealed=True).replace(
        f"module {row.module}(", "module top(", 1
    )
    return count_modules(text, Family.ULTRASCALE_PLUS)["top"]


@pytest.mark.parametrize(
    "spec",
    [
        rows_of(64, paired=True, levels=2),
        rows_of(64, paired=True, levels=2, fabric_lanes=1),
        rows_of(32, paired=True, levels=2, has_offsets=True),
        rows_of(),
        rows_of(paired=True, weight_bits=8, input_lanes=16, fabric_columns=4),
        rows_of(weight_bits=8, input_lanes=16, fabric_lanes=1, levels=3),
    ],
    ids=[
        "pair, groups",
        "pair in fabric, groups",
        "pair, offsets",
        "row",
        "columns in fabric",
        "row in fabric",
    ],
)
def test_a_row_costs_what_is_estimated(spec: MatmulSpec) -> None:
    cells, estimate = counted(spec, 8), cells_of(row_resources(spec, 8), Family.ULTRASCALE_PLUS)
    assert cells.luts == pytest.approx(estimate.luts, rel=0.15)
    assert cells.ffs == pytest.approx(estimate.ffs, rel=0.15)
    assert cells.dsps == estimate.dsps
