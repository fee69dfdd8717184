# SPDX-License-Identifier: Apache-2.0
"""Bench of the matmul engine: hardware equals golden, also with shared modules."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from streamhw.compiler.backend.conversion import converted
from streamhw.compiler.backend.ram_modules import Target
from streamhw.kernels.matmul import array as matmul_array
from streamhw.kernels.matmul import requantizer as requantize
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol
from streamhw.stream.loop_order import LoopOrder
from streamhw.testing import check_kernel, run_cocotb
from streamhw.testing import kernel_bench as bench
from tests.kernels.matmul.engines import INT8, SPECS, case, context, engine


@pytest.mark.parametrize("name", SPECS)
def test_hardware_equals_golden(name: str) -> None:
    spec, rng = SPECS[name], np.random.default_rng(4)
    bound = spec.tokens
    cases = [case(spec, bound, rng, extreme=1), case(spec, 1, rng, extreme=-1)]
    cases += [case(spec, 1, rng) for _ in range(3)]
    # Where results come early, it takes longer until they come as often as x does.
    settled = 16 if spec.loop_order is LoopOrder.OUTPUT_STATIONARY else 6
    cases += [case(spec, max(1, bound - 1), rng) for _ in range(settled)]
    check_kernel(spec, cases)


@pytest.mark.parametrize("group", [None, 8])
def test_padding_of_tile_scales_is_skipped(group: int | None) -> None:
    spec, rng = engine(context(scale_group=group), scale_multiple=16), np.random.default_rng(8)
    cases = [case(spec, 2, rng) for _ in range(4)]
    check_kernel(spec, cases, scenarios=("single", "free", "all"))


def test_takes_x_in_the_order_of_an_engines_results() -> None:
    rows = Symbol("tokens", 4)
    arrival = ITensor(INT8, (1, 2), (Loop(2, 8, 1), Loop(rows, 1, 0), Loop(4, 2, 1)))
    c = replace(context(inputs=16, outputs=16, tokens=4, scale_group=8), arrival=arrival)
    spec, rng = engine(c, tokens=4, token_lanes=2), np.random.default_rng(9)
    assert c.follows
    check_kernel(spec, [case(spec, n, rng) for n in (4, 1, 1, 1, 3, 4, 4, 4, 2)])


@pytest.mark.parametrize(
    "name",
    [
        "all of it",
        "paired, fabric, groups, two levels",
        "rows on dies, groups, lanes, pairs",
        "offsets, rows on dies, pairs, chains",
    ],
)
def test_shared_modules_equal_golden(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_shared(design: Any, **rest: Any) -> None:
        platform = Target()
        text = converted(design, "dut", platform=platform.within("dut"))
        kinds = 5 if spec.row_slices else 0  # to a die and from there, two each; to rows, from rows
        assert len(platform.texts) == 2 + kinds
        run_cocotb("\n".join([text, *platform.texts.values()]), **rest)

    monkeypatch.setattr(matmul_array, "SHARED_ROWS_FROM", 1)
    monkeypatch.setattr(requantize, "SHARED_LANES_FROM", 1)
    monkeypatch.setattr(bench, "run_cocotb", run_shared)
    spec, rng = SPECS[name], np.random.default_rng(10)
    cases = [case(spec, spec.tokens, rng, extreme=1), case(spec, 1, rng, extreme=-1)]
    # tensors of all tokens: with slices the pipeline is as long as two of them
    cases += [case(spec, n, rng) for n in (1, 1, 2, *[spec.tokens] * 5)]
    check_kernel(spec, cases, scenarios=("single", "free", "all", "reset"))
