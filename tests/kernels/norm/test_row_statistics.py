# SPDX-License-Identifier: Apache-2.0
"""Sums and reciprocal roots of rows, against exact integers and floating point."""

from typing import Any

import numpy as np
import pytest
from amaranth.hdl import signed

from streamhw.kernels.norm.row_statistics import RowStatistics
from streamhw.numerics.fixed import Fixed
from streamhw.numerics.tables import reciprocal_root
from tests.clocked import run_clocked

ROOT = reciprocal_root(fraction=14, out=Fixed(18, 17, signed=False), address=8)
WIDTH, OFFSET = 40, 3


@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize(("lanes", "beats"), [(1, 6), (2, 4), (4, 1)])
def test_statistics_of_rows(lanes: int, beats: int, centered: bool) -> None:
    dut = RowStatistics(
        shape=signed(12),
        lanes=lanes,
        beats=beats,
        offset=OFFSET,
        width=WIDTH,
        root=ROOT,
        centered=centered,
    )
    features = lanes * beats
    rng = np.random.default_rng(features)
    x = rng.integers(-2048, 2048, (5, features)) >> rng.integers(0, 11, (5, 1))
    x[0] = 7
    totals: list[tuple[int, int]] = []
    roots: list[tuple[int, float]] = []
    last: list[int] = []

    async def bench(ctx: Any) -> None:
        cycle = 0
        for row in x:
            for beat in row.reshape(beats, lanes).tolist():
                for valid in (0, 1):  # every other cycle has no beat
                    ctx.set(dut.valid, valid)
                    ctx.set(dut.element, beat)
                    watch(ctx, cycle)
                    await ctx.tick()
                    cycle += 1
            last.append(cycle - 1)
        ctx.set(dut.valid, 0)
        for _ in range(60):
            watch(ctx, cycle)
            await ctx.tick()
            cycle += 1

    def watch(ctx: Any, cycle: int) -> None:
        if ctx.get(dut.total_valid):
            totals.append((cycle, ctx.get(dut.total)))
        if ctx.get(dut.root_valid):
            value = ctx.get(dut.root) * 2.0**-ROOT.output.frac * 2.0 ** -ctx.get(dut.exponent)
            roots.append((cycle, value))

    run_clocked(dut, bench)
    sums = x.sum(axis=1) if centered else np.zeros(5, dtype=int)
    assert [total for _, total in totals] == sums.tolist()
    delay = RowStatistics.total_latency(lanes)
    assert [cycle for cycle, _ in totals] == [cycle + delay for cycle in last]
    behind = RowStatistics.variance_latency(WIDTH, ROOT)
    assert [cycle for cycle, _ in roots] == [cycle + behind for cycle, _ in totals]
    variance = features * (x * x).sum(axis=1) - sums**2 + OFFSET
    error = np.array([root for _, root in roots]) * np.sqrt(variance) - 1
    assert np.abs(error).max() < 2**-12


def test_shifts_bring_the_leading_one_to_the_top() -> None:
    assert RowStatistics.normalize_stages(40) == ((32, 16), (8, 4), (2,))
