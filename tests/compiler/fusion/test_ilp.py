# SPDX-License-Identifier: Apache-2.0
"""The integer program against the dynamic one."""

import pytest

from streamhw.compiler.config import Fusion
from streamhw.compiler.fusion.choose import group
from streamhw.compiler.fusion.contraction import contract
from streamhw.compiler.fusion.dynamic_program import TooLargeError, by_ideals
from streamhw.compiler.fusion.ilp import by_program
from streamhw.compiler.fusion.problem import FusionEdge, Kernel, Problem
from streamhw.compiler.resources.fpga_cells import Cells
from tests.compiler.fusion.problems import graph


@pytest.mark.parametrize("begin", range(0, 60, 15))
def test_integer_program_equals_dynamic_program(begin: int) -> None:
    for seed in range(begin, begin + 15):
        problem = contract(graph(seed, kernels=3 + seed % 5)).problem
        one, other = by_ideals(problem), by_program(problem)
        assert (one is None) == (other is None), seed
        if one is not None and other is not None:
            assert one.outcome.rank == other.outcome.rank, seed
            assert other.bound == other.outcome.bytes


def test_wide_graph_goes_to_the_program_and_states_its_gap() -> None:
    wide = Problem(
        kernels=tuple(Kernel(f"k{i}", ()) for i in range(40)),
        edges=tuple(
            FusionEdge(
                name=f"e{i}",
                source=f"k{i // 20}",
                sink=f"k{i}",
                on_chip=Cells(memory_bits=7 + 5 * i % 11),
                bytes=3 + 7 * i % 13,
            )
            for i in range(2, 40)
        ),
        parts={},
        limit=Cells(memory_bits=200),
    )
    with pytest.raises(TooLargeError):
        by_ideals(wide)
    best, simple = group(wide), group(wide, Fusion.GREEDY)
    assert best is not None and simple is not None and best.method == "integer program"
    assert best.gap == 0 and best.outcome.rank <= simple.outcome.rank
    hurried = group(wide, nodes=1)
    assert hurried is not None and 0 <= hurried.gap <= 1
    assert best.outcome.bytes <= hurried.outcome.bytes
