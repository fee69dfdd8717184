# SPDX-License-Identifier: Apache-2.0
"""One block as sequences of places, by hand."""

import numpy as np

from streamhw.numerics.fixed import Fixed
from streamhw.stream.axis import Axis
from streamhw.stream.converter.access_sequence import at_bounds, places, replay
from streamhw.stream.converter.block_plan import analyze
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major

FMT = Fixed(8)


def test_places_of_a_walk() -> None:
    axes = [Axis(trip=2, increment=10), Axis(trip=Symbol("n", 3), increment=1)]
    assert places(axes).tolist() == [0, 1, 2, 10, 11, 12]
    assert places(axes, lambda axis: 2).tolist() == [0, 1, 10, 11]
    assert places([]).tolist() == [0]
    assert [at_bounds(axis) for axis in axes] == [2, 3]


def test_a_transpose_frees_a_word_with_each_read() -> None:
    target = ITensor(FMT, (1, 1), (Loop(3, 1, 1), Loop(2, 1, 0)))
    plan = analyze(row_major(FMT, (2, 3)), target)
    found = replay(plan, places(plan.write), places(plan.read), from_wide=True, to_wide=True)
    assert (found.writes, found.reads) == (6, 6)
    assert found.needs.tolist() == [1, 4, 2, 5, 3, 6]
    assert found.allocates.tolist() == found.frees.tolist() == list(range(6))
    assert found.done.tolist() == list(range(6))


def test_a_reread_frees_nothing_before_its_last_pass() -> None:
    rows = row_major(FMT, (4,))
    plan = analyze(rows, ITensor(FMT, (1,), (Loop(2), *rows.loops)))
    found = replay(plan, places(plan.write), places(plan.read), from_wide=True, to_wide=True)
    assert found.needs.tolist() == [1, 2, 3, 4] * 2
    assert found.frees.tolist() == [4, 5, 6, 7]
    assert found.done.tolist() == [0] * 5 + [1, 2, 3]


def test_a_wide_read_needs_all_parts_of_its_word() -> None:
    plan = analyze(row_major(FMT, (8,), 2), row_major(FMT, (8,), 4))
    found = replay(plan, places(plan.write), places(plan.read), from_wide=False, to_wide=True)
    shared = len(plan.shared)
    assert found.needs.tolist() == ([2, 4] if not shared else [2])
    assert (found.needs == 2 * np.arange(1, found.reads + 1)).all()
