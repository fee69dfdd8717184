# SPDX-License-Identifier: Apache-2.0
"""A bench of GPT-2 Medium on the large card, for tests of what is made of it."""

from dataclasses import replace

from streamhw.boards.base import load_board
from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.report.bench import Bench, BenchPoint
from streamhw.report.roofline import Roofline, shape_of, work_of

MEDIUM = load("gpt2-medium").graph
U55C = load_board("u55c")
HBM = Roofline(work=work_of(MEDIUM, QuantConfig()), bandwidth=460e9, rate=9024 * 2 * 250e6)
POINT = BenchPoint(
    prompt=32,
    answer=32,
    predicted=(500_000.0,) + (100_000.0,) * 31,
    moved=33 * 180e6,
    memory="hbm2",
    sustained=0.925,
)


def bench(**changes: object) -> Bench:
    made = Bench(
        key="1",
        model="gpt2-medium",
        weights="seeded random",
        shape=shape_of(MEDIUM),
        board="u55c",
        part=U55C.part,
        clock_mhz=250.0,
        quantization="W4A8",
        roofline=HBM,
        products_a_dsp=2,
        cells=Cells(luts=400_000, ffs=700_000, dsps=8_200, block_ram=600, ultra_ram=300),
    )
    return replace(made, **changes)
