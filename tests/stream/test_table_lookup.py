# SPDX-License-Identifier: Apache-2.0
"""Table lookup in hardware equals the table for every code, on every lane."""

from typing import Any

import numpy as np
import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.numerics.tables import Table, exponential
from streamhw.stream.table_lookup import TableLookup
from tests.clocked import run_clocked

OUT = Fixed(10, 9, signed=False)
TABLES = {
    "plain": exponential(source=Fixed(8, 8, signed=False), out=OUT, address=8, base=0.5),
    "linear": exponential(source=Fixed(9, 9, signed=False), out=OUT, address=5, base=0.5),
}


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("name", TABLES)
def test_equals_the_table(name: str, lanes: int) -> None:
    table: Table = TABLES[name]
    lookup = TableLookup(table=table, lanes=lanes)
    codes = np.arange(table.input.minimum, table.input.maximum + 1)
    rows = np.stack([np.roll(codes, lane) for lane in range(lanes)], axis=1)
    found: list[list[int]] = []

    async def bench(ctx: Any) -> None:
        for cycle in range(len(rows) + lookup.latency):
            if cycle < len(rows):
                ctx.set(lookup.code, rows[cycle].tolist())
            if cycle >= lookup.latency:
                found.append([ctx.get(lookup.value[lane]) for lane in range(lanes)])
            await ctx.tick()

    run_clocked(lookup, bench)
    assert found == table.evaluate(rows).tolist()


def test_latency_and_memories_follow_from_the_table() -> None:
    assert TableLookup.latency_of(TABLES["plain"]) == 2
    assert TableLookup.latency_of(TABLES["linear"]) == 4
    cells = TableLookup.resources_of(TABLES["linear"], 3)
    assert [memory.readers for memory in cells.memories] == [2, 1]
    assert len(cells.multipliers) == 3
    assert TableLookup.resources_of(TABLES["plain"], 2).multipliers == ()


def test_refuses_no_lanes() -> None:
    with pytest.raises(ValueError, match="lanes must be at least 1, not 0"):
        TableLookup(table=TABLES["plain"], lanes=0)
