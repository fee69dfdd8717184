# SPDX-License-Identifier: Apache-2.0
"""The fusion problem: what is a grouping, and what it costs."""

import pytest

from streamhw.compiler.fusion.choose import group
from streamhw.compiler.fusion.problem import FusionEdge, Grouping, Kernel, Problem, excess, fits
from streamhw.compiler.resources.fpga_cells import Cells


def test_edges_run_forward() -> None:
    with pytest.raises(ValueError, match=r"^Edge e must run from a kernel to a later one, not"):
        Problem(
            kernels=(Kernel("a", ()), Kernel("b", ())),
            edges=(FusionEdge(name="e", source="b", sink="a"),),
            parts={},
            limit=Cells(),
        )


def test_no_stream_on_chip_beside_a_path_through_memory() -> None:
    """A residual connection: what goes around the cut goes through memory, too."""
    names = ("x", "norm", "add")
    wide, narrow = Cells(memory_bits=100), Cells(memory_bits=1)
    edges = (
        FusionEdge(name="a", source="x", sink="norm", on_chip=narrow, bytes=8),
        FusionEdge(name="b", source="norm", sink="add", on_chip=wide, bytes=8),
        FusionEdge(name="c", source="x", sink="add", on_chip=narrow, bytes=8),
    )
    problem = Problem(
        kernels=tuple(Kernel(n, ()) for n in names),
        edges=edges,
        parts={},
        limit=Cells(memory_bits=50),
    )
    assert not problem.outcome((0, 1, 0)).valid
    best = group(problem)
    assert best is not None and best.outcome.bytes == 16


def test_a_cut_costs_bytes_and_both_ends() -> None:
    edge = FusionEdge(
        name="e",
        source="a",
        sink="b",
        on_chip=Cells(memory_bits=30),
        bytes=8,
        writer=Cells(memory_bits=2),
        reader=Cells(memory_bits=3),
    )
    problem = Problem(
        kernels=(Kernel("a", ("p",)), Kernel("b", ("q",))),
        edges=(edge,),
        parts={"p": Cells(luts=5), "q": Cells(luts=7)},
        limit=Cells(luts=12, memory_bits=20),
    )
    together, apart = problem.outcome((0, 0)), problem.outcome((0, 1))
    assert (together.bytes, together.bits, together.valid) == (0, 30, False)
    assert (apart.bytes, apart.bits, apart.valid, apart.groups) == (8, 5, True, 2)
    assert not problem.outcome((1, 0)).valid
    assert excess(together.used[0], problem.limit) == {"memory_bits": (30, 20)}
    assert fits(apart.used[0], problem.limit)
    assert Grouping(groups=(0, 1), outcome=apart, method="x", bound=6).gap == 0.25


def test_images_have_the_parts_that_they_use() -> None:
    problem = Problem(
        kernels=(Kernel("a", ("p",)), Kernel("b", ("p", "q"))),
        edges=(),
        parts={"p": Cells(luts=5), "q": Cells(luts=7)},
        limit=Cells(luts=12),
        base=Cells(luts=1),
        images=True,
    )
    assert [cells.luts for cells in problem.outcome((0, 1)).used] == [6, 13]
    assert not problem.outcome((0, 1)).valid
