# SPDX-License-Identifier: Apache-2.0
"""The die partition against all partitions of small random designs, and what it refuses."""

import random
import time
from collections.abc import Sequence
from itertools import product

import pytest

from streamhw.boards.base import Budget, Die, load_board
from streamhw.compiler.floorplan.die_ilp import BALANCE, DieBlock, DieWire, cost_of, partition
from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.errors import BuildError, DoesNotFitError

FILL = 0.8


def die(name: str, luts: int = 100, dsps: int = 100, *, memory: bool = False) -> Die:
    budget = Budget(luts=luts, ffs=10_000, dsps=dsps, block_ram=100, ultra_ram=100)
    return Die(name=name, budget=budget, memory=memory)


def objective(bits: int, fill: dict[str, float]) -> float:
    return bits + BALANCE * max(fill.values())


def best(
    blocks: Sequence[DieBlock], wires: Sequence[DieWire], stack: Sequence[Die], limit: int | None
) -> float | None:
    """The least objective over all partitions that fit."""
    found = []
    for chosen in product(range(len(stack)), repeat=len(blocks)):
        if any(b.die not in (None, stack[c].name) for b, c in zip(blocks, chosen, strict=True)):
            continue
        place = {b.name: c for b, c in zip(blocks, chosen, strict=True)}
        dies = {name: stack[c].name for name, c in place.items()}
        bits, fill = cost_of(dies, blocks, wires, stack)
        over = [
            sum(
                w.bits
                for w in wires
                if min(place[e] for e in w.ends) <= b < max(place[e] for e in w.ends)
            )
            for b in range(len(stack) - 1)
        ]
        if max(fill.values()) <= FILL and (limit is None or max(over) <= FILL * limit):
            found.append(objective(bits, fill))
    return min(found, default=None)


@pytest.mark.parametrize("seed", range(60))
def test_no_partition_is_better(seed: int) -> None:
    pick = random.Random(seed)
    stack = [
        die(f"d{n}", pick.randint(60, 200), pick.randint(60, 200)) for n in range(1 + seed % 3)
    ]
    names = [f"b{n}" for n in range(pick.randint(2, 7))]
    blocks = [
        DieBlock(
            name=name,
            cells=Cells(luts=pick.randint(0, 60), dsps=pick.choice((0, 0, 30))),
            die=pick.choice(stack).name if pick.random() < 0.2 else None,
        )
        for name in names
    ]
    wires = [
        DieWire(
            source=pick.choice(names),
            sinks=tuple(pick.choices(names, k=pick.choice((1, 1, 2, 3)))),
            bits=pick.randint(1, 300),
        )
        for _ in range(pick.randint(0, 12))
    ]
    limit = pick.choice((None, 500))
    if len(stack) == 1:
        assert set(partition(blocks, wires, stack, fill=FILL).dies.values()) == {"d0"}
        return
    expected = best(blocks, wires, stack, limit)
    if expected is None:
        with pytest.raises(BuildError):
            partition(blocks, wires, stack, fill=FILL, limit=limit)
        return
    found = partition(blocks, wires, stack, fill=FILL, limit=limit)
    assert cost_of(found.dies, blocks, wires, stack) == (found.crossing_bits, found.fill)
    assert objective(found.crossing_bits, dict(found.fill)) == pytest.approx(expected, abs=1e-3)
    assert found.gap == 0
    assert all(found.dies[b.name] == b.die for b in blocks if b.die is not None)


def test_a_wire_over_two_boundaries_counts_twice() -> None:
    stack = [die("a", memory=True), die("b"), die("c")]
    blocks = [DieBlock(name=n, cells=Cells(luts=1), die=d) for n, d in (("x", "a"), ("y", "c"))]
    found = partition(blocks, [DieWire(source="x", sinks=("y",), bits=10)], stack)
    assert found.crossing_bits == 20


def test_what_all_pieces_take_alike_crosses_once() -> None:
    stack = [die("a", memory=True), die("b"), die("c")]
    where = (("core", "b"), ("p0", "c"), ("p1", "c"), ("p2", "a"), ("p3", "b"))
    blocks = [DieBlock(name=n, cells=Cells(luts=1), die=d) for n, d in where]
    alike = DieWire(source="core", sinks=("p0", "p1", "p2", "p3"), bits=7)
    assert partition(blocks, [alike], stack).crossing_bits == 7 + 7
    each = [DieWire(source="core", sinks=(name,), bits=100) for name in alike.sinks]
    assert partition(blocks, [alike, *each], stack).crossing_bits == 7 + 7 + 300


def test_pieces_of_a_part_may_be_apart() -> None:
    """What exceeds a die as one block fits as two."""
    stack = [die("a", memory=True), die("b")]
    with pytest.raises(
        BuildError,
        match=r"^Part engine must fit on one die, of which 80% may be used, but on a it needs "
        r"120 LUTs of 100$",
    ):
        partition([DieBlock(name="engine", cells=Cells(luts=120))], [], stack)
    pieces = [
        DieBlock(name=f"engine/{n}", cells=Cells(luts=60), members=("engine",)) for n in (0, 1)
    ]
    found = partition(pieces, [DieWire(source="engine/0", sinks=("engine/1",), bits=9)], stack)
    assert set(found.dies.values()) == {"a", "b"}
    assert found.crossing_bits == 9


def test_too_much_for_all_dies() -> None:
    blocks = [DieBlock(name=f"b{n}", cells=Cells(luts=60)) for n in range(3)]
    with pytest.raises(
        DoesNotFitError,
        match=r"^Parts must fit on 2 dies of which 80% may be used, but need 180 LUTs of 200, "
        r"60 of them for b0, which stays on one die$",
    ):
        partition(blocks, [], [die("a", memory=True), die("b")])


def test_too_few_wires_between_dies() -> None:
    """Cells are not what is short: the refusal says so."""
    blocks = [DieBlock(name=f"b{n}", cells=Cells(luts=60)) for n in range(2)]
    wire = DieWire(source="b0", sinks=("b1",), bits=500)
    stack = [die("a", memory=True), die("b")]
    assert partition(blocks, [wire], stack, limit=1000).crossing_bits == 500
    with pytest.raises(
        DoesNotFitError,
        match=r"^Streams between dies must take at most 400 of 500 wires, but of the partition "
        r"with the fewest 500 pass from a to b$",
    ):
        partition(blocks, [wire], stack, limit=500)


def test_a_pin_to_no_die() -> None:
    with pytest.raises(BuildError, match=r"^Die of part x must be one of a, b, not c$"):
        partition([DieBlock(name="x", cells=Cells(), die="c")], [], [die("a"), die("b")])


def test_the_size_of_a_whole_model_is_soon_partitioned() -> None:
    """60 parts, each with six others, on the dies of the U55C, two thirds full: in time, and the
    gap to the optimum is said."""
    pick = random.Random(1)
    stack = load_board("u55c").stack
    blocks = [
        DieBlock(
            name=f"b{n}",
            cells=Cells(luts=pick.randint(2_000, 21_000), block_ram=pick.randint(0, 30)),
            die="slr0" if n % 15 == 0 else None,
        )
        for n in range(60)
    ]
    wires = [
        DieWire(
            source=f"b{n}", sinks=(f"b{(n + step) % 60}",), bits=pick.choice((9, 34, 66, 194, 514))
        )
        for n in range(60)
        for step in (1, 4, 15)
    ]
    begin = time.process_time()
    found = partition(blocks, wires, stack, nodes=20)
    assert time.process_time() - begin < 8
    assert 0 <= found.gap < 1
    assert max(found.fill.values()) <= 0.8 + 1e-9
    assert len(set(found.dies.values())) == 3
