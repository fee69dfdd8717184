# SPDX-License-Identifier: Apache-2.0
"""RAM kinds against all choices of small random designs."""

import random
from itertools import product

import pytest

from streamhw.boards.base import Budget, Family
from streamhw.compiler.resources.fpga_cells import RamKind, ram_options
from streamhw.compiler.resources.ram_mapping import (
    LIMITED,
    OVERFLOW,
    choose_kinds,
    overflow,
    scarcity,
)
from streamhw.stream.spec import Memory

XCUP = Family.ULTRASCALE_PLUS
BUDGET = Budget(luts=4_000, ffs=4_000, dsps=10, block_ram=16, ultra_ram=8)
SIZES = [(8, 100), (72, 512), (72, 4096), (144, 1024), (30, 64), (36, 2000), (288, 512)]


def free_of(budget: Budget, share: float = 1.0) -> dict[str, float]:
    return {cell: share * getattr(budget, cell) for cell in LIMITED}


@pytest.mark.parametrize("seed", range(60))
def test_no_choice_is_better(seed: int) -> None:
    pick = random.Random(seed)
    budgets = {"a": BUDGET, "b": BUDGET}
    free = {die: free_of(BUDGET, pick.choice((0.2, 0.5, 1.0))) for die in budgets}
    memories = [
        (f"m{n}", Memory(*pick.choice(SIZES), readers=pick.choice((1, 1, 2))), pick.choice("ab"))
        for n in range(pick.randint(1, 6))
    ]
    options = [ram_options(memory, XCUP) for _, memory, _ in memories]

    def price(kinds: tuple[RamKind, ...]) -> float:
        total, used = 0.0, dict.fromkeys(product("ab", LIMITED), 0)
        for (_, _, die), have, kind in zip(memories, options, kinds, strict=True):
            total += scarcity(have[kind], free[die], BUDGET)
            for cell in LIMITED:
                used[die, cell] += getattr(have[kind], cell)
        over = [max(0, n - free[die][c]) / getattr(BUDGET, c) for (die, c), n in used.items()]
        return total + OVERFLOW * sum(over)

    found = choose_kinds(memories, free, budgets, XCUP)
    least = min(price(kinds) for kinds in product(*options))
    assert price(tuple(s.kind for s in found)) == pytest.approx(least, rel=1e-6)
    assert [(s.owner, s.memory, s.die) for s in found] == memories
    assert all(s.cells == have[s.kind] for s, have in zip(found, options, strict=True))


def test_the_cheapest_of_each_while_there_is_room() -> None:
    memories = [("q", Memory(72, 512), "a"), ("w", Memory(72, 4096), "a"), ("s", Memory(8, 2), "a")]
    found = choose_kinds(memories, {"a": free_of(BUDGET)}, {"a": BUDGET}, XCUP)
    assert [s.kind for s in found] == [RamKind.BLOCK, RamKind.ULTRA, RamKind.DISTRIBUTED]


def test_urams_take_what_blocks_have_no_room_for() -> None:
    """20 equal memories, 16 blocks: four go elsewhere, and which is settled by their order."""
    budget = Budget(luts=4_000, ffs=4_000, dsps=10, block_ram=16, ultra_ram=8)
    memories = [(f"m{n}", Memory(72, 512), "a") for n in range(20)]
    found = choose_kinds(memories, {"a": free_of(budget)}, {"a": budget}, XCUP)
    assert [s.kind for s in found] == [RamKind.BLOCK] * 16 + [RamKind.ULTRA] * 4
    assert overflow(found, {"a": free_of(budget)}) == {}


def test_what_is_missing_is_least() -> None:
    memories = [(f"m{n}", Memory(288, 512), "a") for n in range(8)]
    free = {"a": free_of(BUDGET)}
    found = choose_kinds(memories, free, {"a": BUDGET}, XCUP)
    missing = overflow(found, free)
    assert missing and set(missing) <= set(product("a", LIMITED))
