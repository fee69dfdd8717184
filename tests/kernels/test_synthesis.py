# SPDX-License-Identifier: Apache-2.0
"""Yosys accepts and counts what kernels emit; the counter adds what is inside a module."""

import pytest
from amaranth.back import verilog

from streamhw.boards.base import Family
from streamhw.compiler.resources.fpga_cells import Cells, cells_of
from streamhw.kernels.elementwise.add import AddSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import row_major
from streamhw.synthesis.yosys import cells_of_types, count_modules

SPEC = AddSpec(
    type=row_major(Fixed(24, 12), (4, 8), 2), a=Fixed(24, 12), b=Fixed(24, 12), out=Fixed(24, 12)
)


def test_counts_by_type() -> None:
    found = cells_of_types({"$lut": 10, "CCU2C": 3, "TRELLIS_FF": 7, "MULT18X18D": 2, "DP16KD": 1})
    assert found == Cells(luts=16, ffs=7, dsps=2, block_ram=1)
    assert cells_of_types({"RAMB18E2": 2, "FDRE": 4, "IBUF": 9}) == Cells(ffs=4, block_ram=1)


@pytest.mark.parametrize("family", list(Family))
def test_a_kernel_is_counted(family: Family) -> None:
    text = verilog.convert(SPEC.create(), name="top", emit_src=False, strip_internal_attrs=True)
    total = count_modules(text, family)["top"]
    estimated = cells_of(SPEC.resources(), family)
    assert total.ffs == pytest.approx(estimated.ffs, rel=0.3)
    assert total.luts == pytest.approx(estimated.luts, rel=0.4)
    assert total.dsps == total.block_ram == 0
