# SPDX-License-Identifier: Apache-2.0
"""Kernels that no grouping can part."""

from itertools import product

import pytest

from streamhw.compiler.fusion.contraction import contract
from streamhw.compiler.fusion.problem import FusionEdge, Kernel, Problem
from streamhw.compiler.resources.fpga_cells import Cells
from tests.compiler.fusion.problems import graph


def test_pinned_streams_merge_what_lies_between() -> None:
    pinned = FusionEdge(name="p", source="a", sink="c")
    around = (
        FusionEdge(name="q", source="a", sink="b", bytes=1),
        FusionEdge(name="r", source="b", sink="c", bytes=1),
    )
    problem = Problem(
        kernels=tuple(Kernel(n, ()) for n in "abc"),
        edges=(pinned, *around),
        parts={},
        limit=Cells(),
    )
    assert [k.name for k in contract(problem).problem.kernels] == ["a+b+c"]


@pytest.mark.parametrize("seed", range(40))
def test_a_grouping_of_the_one_is_one_of_the_other_with_its_cost(seed: int) -> None:
    problem = graph(seed, kernels=5)
    small = contract(problem)
    assert all(edge.bytes is not None for edge in small.problem.edges)
    count = len(small.problem.kernels)
    for groups in product(range(count), repeat=count) if count < 5 else [(0,) * 5, tuple(range(5))]:
        one, whole = small.problem.outcome(groups), problem.outcome(small.groups(groups))
        if set(groups) == set(range(max(groups) + 1)):
            assert (one.bytes, one.valid, one.bits) == (whole.bytes, whole.valid, whole.bits)
