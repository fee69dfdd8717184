# SPDX-License-Identifier: Apache-2.0
"""Fusion: the best grouping against all groupings, against the greedy one, and both methods."""

from itertools import product
from random import Random

import pytest

from streamhw.compiler.config import Fusion
from streamhw.compiler.fusion.choose import group
from streamhw.compiler.fusion.contraction import contract
from streamhw.compiler.fusion.dynamic_program import TooLargeError, by_ideals
from streamhw.compiler.fusion.greedy import greedy
from streamhw.compiler.fusion.ilp import by_program
from streamhw.compiler.fusion.problem import FusionEdge, FusionOutcome, Kernel, Problem
from streamhw.compiler.resources.fpga_cells import Cells


def graph(seed: int, *, kernels: int | None = None, pinned: float = 0.15) -> Problem:
    """A random problem whose limit lies between what nothing and what everything takes."""
    random = Random(seed)
    count = kernels or random.randint(2, 9)
    names = [f"k{i}" for i in range(count)]
    parts = {
        f"p{i}": Cells(luts=random.randint(0, 30), memory_bits=random.randint(0, 40))
        for i in range(max(1, count - random.randint(0, 2)))
    }
    edges = []
    for v in range(1, count):
        for u in random.sample(range(v), min(v, random.choice((1, 1, 2, 3)))):
            edges.append(
                FusionEdge(
                    name=f"{names[u]}_{names[v]}",
                    source=names[u],
                    sink=names[v],
                    on_chip=Cells(memory_bits=random.randint(0, 100), luts=random.randint(0, 9)),
                    bytes=None if random.random() < pinned else random.choice((0, 1, 5, 20, 60)),
                    writer=Cells(memory_bits=random.randint(0, 9), luts=random.randint(0, 6)),
                    reader=Cells(memory_bits=random.randint(0, 9), luts=random.randint(0, 6)),
                )
            )
    images = random.random() < 0.5
    problem = Problem(
        kernels=tuple(Kernel(n, (random.choice(sorted(parts)),)) for n in names),
        edges=tuple(edges),
        parts=parts,
        limit=Cells(luts=10**6, memory_bits=10**6),
        base=Cells(luts=random.randint(0, 9), memory_bits=random.randint(0, 9)),
        images=images,
    )
    whole = problem.outcome([0] * count).used[0]
    share = random.uniform(0.4, 1.0)
    return Problem(
        **{
            **{name: getattr(problem, name) for name in ("kernels", "edges", "parts", "base")},
            "images": images,
            "limit": Cells(luts=2 * whole.luts, memory_bits=round(whole.memory_bits * share)),
        }
    )


def brute_force(problem: Problem) -> FusionOutcome | None:
    """The best of all groupings."""
    count = len(problem.kernels)
    outcomes = (problem.outcome(groups) for groups in product(range(count), repeat=count))
    tight = (o for o in outcomes if o.valid)
    return min(tight, key=lambda o: (o.rank, o.groups), default=None)


@pytest.mark.parametrize("begin", range(0, 200, 50))
def test_optimal_is_never_worse_than_greedy(begin: int) -> None:
    better = found = 0
    for seed in range(begin, begin + 50):
        problem = graph(seed)
        simple, best = group(problem, Fusion.GREEDY), group(problem)
        if simple is None:
            continue
        assert best is not None and best.gap == 0
        assert best.outcome.rank <= simple.outcome.rank
        found += 1
        better += best.outcome.rank < simple.outcome.rank
    print(f"optimal fusion better than greedy in {better} of {found} graphs")
    assert found >= 10 and better >= 3


@pytest.mark.parametrize("begin", range(0, 120, 30))
def test_optimal_equals_brute_force(begin: int) -> None:
    solved = 0
    for seed in range(begin, begin + 30):
        problem = graph(seed, kernels=2 + seed % 4)
        best, wanted = group(problem), brute_force(problem)
        assert (best is None) == (wanted is None), seed
        if best is None or wanted is None:
            continue
        solved += 1
        assert (best.outcome.rank, best.outcome.groups) == (wanted.rank, wanted.groups), seed
        assert best.outcome == problem.outcome(best.groups)
    assert solved >= 15, solved


@pytest.mark.parametrize("begin", range(0, 60, 15))
def test_integer_program_equals_dynamic_program(begin: int) -> None:
    for seed in range(begin, begin + 15):
        problem = contract(graph(seed, kernels=3 + seed % 5)).problem
        one, other = by_ideals(problem), by_program(problem)
        assert (one is None) == (other is None), seed
        if one is not None and other is not None:
            assert one.outcome.rank == other.outcome.rank, seed
            assert other.bound == other.outcome.bytes


def test_same_answer_twice() -> None:
    for seed in range(20):
        assert group(graph(seed)) == group(graph(seed))


def chain(count: int, limit: int) -> Problem:
    """Kernels in a row, each stream 10 bits on chip or (its place + 1) bytes in memory."""
    return Problem(
        kernels=tuple(Kernel(f"k{i}", ("p",)) for i in range(count)),
        edges=tuple(
            FusionEdge(
                name=f"e{i}",
                source=f"k{i}",
                sink=f"k{i + 1}",
                on_chip=Cells(memory_bits=10),
                bytes=i + 1,
            )
            for i in range(count - 1)
        ),
        parts={"p": Cells()},
        limit=Cells(memory_bits=limit),
    )


def test_long_chain_is_exact() -> None:
    """40 streams and room for 37: the three that move the least go through memory."""
    best = group(chain(41, 370))
    assert best is not None and best.method == "dynamic program"
    assert (best.outcome.bytes, best.outcome.groups) == (1 + 2 + 3, 4)


def test_greedy_fuses_what_comes_first() -> None:
    simple = greedy(chain(11, 50))
    assert simple is not None
    assert simple.groups[:6] == (0,) * 6 and simple.outcome.bytes == 6 + 7 + 8 + 9 + 10
    best = group(chain(11, 50))
    assert best is not None and best.outcome.bytes == 1 + 2 + 3 + 4 + 5


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
    hurried = group(wide, seconds=0.0)
    assert hurried is not None and 0 <= hurried.gap <= 1
    assert best.outcome.bytes <= hurried.outcome.bytes


def test_edges_run_forward() -> None:
    with pytest.raises(ValueError, match=r"^Edge e must run from a kernel to a later one, not"):
        Problem(
            kernels=(Kernel("a", ()), Kernel("b", ())),
            edges=(FusionEdge(name="e", source="b", sink="a"),),
            parts={},
            limit=Cells(),
        )
