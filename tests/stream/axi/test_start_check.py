# SPDX-License-Identifier: Apache-2.0
"""Settings with which the machine may start: the first reason against it, by its definition."""

from random import Random

import pytest
from amaranth.hdl import Value

from streamhw.stream.axi.register_map import Refusal
from streamhw.stream.axi.start_check import start_refusal
from tests.clocked import values_of

ALIGNMENT = 64


def reason(context: int, row: tuple[int, ...]) -> Refusal:
    prompt, total, base, fault, running = row
    if prompt == 0:
        return Refusal.PROMPT
    if total > context:
        return Refusal.CONTEXT
    if total <= prompt:
        return Refusal.TOTAL
    if base % ALIGNMENT or base >> 40:
        return Refusal.BASE
    if fault:
        return Refusal.MEMORY
    return Refusal.NONE if running else Refusal.DRAINING


@pytest.mark.parametrize("context", [2, 40, 64])
def test_against_its_definition(context: int) -> None:
    rng = Random(context)
    lengths = [0, 1, 2, context - 1, context, context + 1, 2 * context, 1 << 31]
    bases = [0, ALIGNMENT, ALIGNMENT // 2, 1, (1 << 40) - ALIGNMENT, 1 << 40, 1 << 63]
    rows: list[tuple[int, ...]] = [
        (p, t, rng.choice(bases), rng.choice((0, 0, 2)), rng.choice((0, 1)))
        for p in lengths
        for t in lengths
        for _ in range(4)
    ]
    rows += [(1, context, base, fault, 1) for base in bases for fault in (0, 4)]

    def build(m: object, prompt: Value, total: Value, *rest: Value) -> Value:
        base, fault, running = rest
        return start_refusal(
            prompt=prompt,
            total=total,
            context=context,
            base=base,
            alignment=ALIGNMENT,
            fault=fault,
            running=running,
        )

    expected = [reason(context, row) for row in rows]
    assert set(expected) == set(Refusal)
    assert values_of(build, (32, 32, 64, 3, 1), rows) == expected
