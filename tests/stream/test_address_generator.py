# SPDX-License-Identifier: Apache-2.0
"""Address walks against loops in Python, with trip counts that are fixed, streamed and ragged."""

from collections.abc import Sequence
from typing import Any

import pytest

from streamhw.stream.address_generator import AddressGenerator, symbol_width
from streamhw.stream.axis import Axis
from streamhw.stream.itensor.itensor import Symbol
from tests.clocked import run_clocked

N = Symbol("n", 5)


def walk(
    generator: AddressGenerator, steps: int, values: Sequence[int] = ()
) -> list[tuple[int, int, int]]:
    """Address, block_end and first_pass of each access; every third cycle takes none."""
    found: list[tuple[int, int, int]] = []

    async def bench(ctx: Any) -> None:
        waiting = list(values)
        cycle = 0
        while len(found) < steps:
            step = bool(ctx.get(generator.valid)) and cycle % 3 != 2
            ctx.set(generator.step, step)
            if "n" in generator.symbols:
                ctx.set(generator.i_n.valid, bool(waiting))
                ctx.set(generator.i_n.payload, waiting[0] if waiting else 0)
            if step:
                ports = (generator.address, generator.block_end, generator.first_pass)
                found.append(tuple(ctx.get(port) for port in ports))
            if "n" in generator.symbols and waiting and ctx.get(generator.i_n.ready):
                waiting.pop(0)
            await ctx.tick()
            cycle += 1
            assert cycle < 2000

    run_clocked(generator, bench)
    return found


def test_walks_a_nest_again_and_again() -> None:
    axes = [Axis(trip=2, increment=10), Axis(trip=3, increment=1)]
    found = walk(AddressGenerator(axes=axes, pitch=20), 12)
    assert [address for address, _, _ in found] == [0, 1, 2, 10, 11, 12] * 2
    assert [end for _, end, _ in found] == [0, 0, 0, 0, 0, 1] * 2


def test_blocks_take_turns_in_their_slots() -> None:
    axes = [Axis(trip=4, increment=0), Axis(trip=2, increment=1)]
    found = walk(AddressGenerator(axes=axes, blocks_below=1, slots=2, pitch=8), 8)
    assert [address for address, _, _ in found] == [0, 1, 8, 9, 0, 1, 8, 9]


def test_first_pass_ends_with_the_first_reread() -> None:
    axes = [Axis(trip=2, increment=0), Axis(trip=3, increment=1)]
    found = walk(AddressGenerator(axes=axes, pitch=4, passes=1), 12)
    assert [first for _, _, first in found] == [1, 1, 1, 0, 0, 0] * 2


def test_a_stream_brings_the_trip_count() -> None:
    axes = [Axis(trip=N, increment=4), Axis(trip=2, increment=1)]
    values = [3, 1, 5]
    found = walk(AddressGenerator(axes=axes, pitch=20), 2 * sum(values), values)
    wanted = [4 * i + j for n in values for i in range(n) for j in range(2)]
    assert [address for address, _, _ in found] == wanted


def test_a_ragged_trip_count_changes_at_each_entry() -> None:
    ragged = Symbol("n", 5, ragged=True)
    axes = [Axis(trip=3, increment=8), Axis(trip=ragged, increment=1)]
    values = [2, 5, 1]
    found = walk(AddressGenerator(axes=axes, pitch=24), sum(values), values)
    assert [address for address, _, _ in found] == [
        8 * i + j for i, n in enumerate(values) for j in range(n)
    ]


@pytest.mark.parametrize(("bound", "bits"), [(1, 1), (5, 3), (8, 4)])
def test_symbol_width(bound: int, bits: int) -> None:
    assert symbol_width(Symbol("n", bound)) == bits
