# SPDX-License-Identifier: Apache-2.0
"""Spill layouts: every tile lies where the reader passes it, checked tile by tile."""

from random import Random

import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from streamhw.stream.itensor.memory_order import Spill, spill

S8, S24 = Fixed(8), Fixed(24)
TOKENS = Symbol("tokens", 6)


def tiles(fmt: Fixed, features: int, rows: int, lanes: int, *, again: int = 1) -> ITensor:
    """The order of a matrix engine's results: tiles of ``rows`` features, all tokens of each."""
    loops = (
        Loop(features // rows, rows, 1),
        Loop(TOKENS, 1, 0),
        Loop(rows // lanes, lanes, 1),
    )
    return ITensor(fmt, (1, lanes), ((Loop(again),) if again > 1 else ()) + loops)


def columns(fmt: Fixed, features: int, lanes: int, again: int) -> ITensor:
    """The order of a matrix engine's operand: columns of all tokens, several times."""
    return ITensor(
        fmt, (1, lanes), (Loop(again), Loop(features // lanes, lanes, 1), Loop(TOKENS, 1, 0))
    )


ROWS = row_major(S8, (TOKENS, 48), 4)
PAIRS = [
    (ROWS, ROWS),
    (ROWS, columns(S8, 48, 4, 3)),
    (ROWS, columns(S8, 48, 8, 5)),
    (tiles(S8, 48, 16, 4), ROWS),
    (tiles(S24, 48, 16, 4), row_major(S24, (TOKENS, 48), 4)),
    (tiles(S24, 48, 16, 4), row_major(S24, (TOKENS, 48), 8)),
    (tiles(S8, 48, 16, 4), columns(S8, 48, 4, 3)),
    (tiles(S8, 48, 8, 4), tiles(S8, 48, 24, 4, again=2)),
    (row_major(S8, (1, 16), 4), row_major(S8, (1, 16), 4)),
]


def check(layout: Spill, tokens: int) -> None:
    """Follows units through memory and back."""
    symbol_values = {"tokens": tokens}
    unit = layout.unit_bits // 8
    memory: dict[int, tuple[int, ...]] = {}
    order = layout.source.order(symbol_values)
    positions = layout.positions(symbol_values)
    assert len(order) == len(positions)
    for offset, at in zip(order.tolist(), positions.tolist(), strict=True):
        for u in range(layout.source.lanes // layout.lanes):
            *head, last = offset
            assert memory.setdefault(at + u * unit, (*head, last + u * layout.lanes)) is not None
    wanted = [
        (*offset[:-1], offset[-1] + u * layout.lanes)
        for offset in layout.stored.order(symbol_values).tolist()
        for u in range(layout.stored.lanes // layout.lanes)
    ]
    assert [memory[i * unit] for i in range(len(wanted))] == wanted
    assert len(memory) == len(wanted) and len(wanted) * unit <= layout.bytes


@pytest.mark.parametrize("source, target", PAIRS, ids=str)
def test_units_lie_in_the_order_of_the_reader(source: ITensor, target: ITensor) -> None:
    layout = spill(source, target, 256)
    assert layout is not None and layout.target.is_same_stream(target)
    for tokens in range(1, 7 if layout.symbol else 2):
        check(layout, tokens)


def test_rereads_further_in_are_left_to_a_converter() -> None:
    again = ITensor(
        S8, (1, 4), (Loop(TOKENS, 1, 0), Loop(3, 16, 1), Loop(Symbol("length", 9)), Loop(4, 4, 1))
    )
    layout = spill(tiles(S8, 48, 16, 4), again, 128)
    assert layout is not None and layout.passes == 1
    assert layout.target.is_same_stream(ROWS)


@pytest.mark.parametrize(
    "source, target",
    [
        (ITensor(S8, (1, 4), (Loop(2), Loop(TOKENS, 1, 0), Loop(12, 4, 1))), ROWS),
        (row_major(S8, (TOKENS, Symbol("length", 4, True), 4), 4),) * 2,
        (ITensor(S8, (2, 2), (Loop(4, 2, 0), Loop(4, 2, 1))),) * 2,
        (tiles(S8, 48, 16, 4), tiles(S8, 48, 24, 4)),
        (ROWS, columns(S8, 48, 2, 2)),
        (row_major(S8, (TOKENS, 48), 3), ROWS),
        (row_major(S8, (TOKENS, 48), 4), row_major(S8, (TOKENS, 32), 4)),
    ],
    ids=["repeats", "ragged", "square", "no digit", "narrow", "lanes", "shape"],
)
def test_no_layout(source: ITensor, target: ITensor) -> None:
    assert spill(source, target, 128) is None


def test_writes_are_counted_by_memory_beat() -> None:
    """Rows fill memory beats of 16 bytes; columns of 4 bytes go to a beat of their own each."""
    rows, scattered = spill(ROWS, ROWS, 128), spill(ROWS, columns(S8, 48, 4, 1), 128)
    assert rows is not None and scattered is not None
    assert rows.writes({"tokens": 6}) == rows.beats(6) == 18
    assert scattered.writes({"tokens": 6}) == 6 * 12


def test_random_nests() -> None:
    """Any two orders of the same digits, at random."""
    found = 0
    for seed in range(300):
        random = Random(seed)
        lanes = random.choice((1, 2, 4))
        sizes = [random.choice((1, 2, 3, 4)) for _ in range(3)]
        loops, step = [], lanes
        for size in sizes:
            loops.append(Loop(size, step, 1))
            step *= size
        loops.append(Loop(TOKENS, 1, 0))
        one = ITensor(S8, (1, lanes), tuple(random.sample(loops, 4)))
        other = ITensor(S8, (1, lanes), tuple(random.sample(loops, 4))).normal()
        layout = spill(one.normal(), other, 256)
        if layout is not None:
            found += 1
            check(layout, random.randint(1, 6))
    assert found > 200
