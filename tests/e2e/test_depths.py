# SPDX-License-Identifier: Apache-2.0
"""The linear program's depths at a full token batch and far into the context: exact, and needed."""

from collections.abc import Callable

import pytest

from streamhw.compiler.config import BuildConfig, Equalization
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.errors import InternalError
from tests.e2e.machine import Machine


def bits_of(design: PlacedNetlist) -> int:
    return sum(design.queues[c.name] * c.consumed.beat_bits for c in design.channels)


@pytest.mark.slow
def test_depths_cost_no_cycle_in_a_long_prompt(
    observed: Machine, machine_of: Callable[..., Machine], prompts: list[list[int]]
) -> None:
    """Queues that hold every beat of their stream give the same cycles to within one in a hundred
    (they are slower, if anything: deep ones take two cycles more), and so do conservative ones.
    Where the program gave much more than the minimum, every beat of it is used."""
    design, depths = observed.design, observed.design.depths
    whole = {
        c.name: max(design.queues[c.name], c.consumed.beats())
        for c in design.channels
        if c.name in depths.depth and c.consumed.loops
    }
    unbounded = machine_of(design=design, depths=lambda _: whole)
    conservative = machine_of(config=BuildConfig(equalization=Equalization.CONSERVATIVE))
    print()
    cycles = {}
    for title, machine in (
        ("normal", observed),
        ("conservative", conservative),
        ("unbounded", unbounded),
    ):
        answer = machine.answer(prompts[9], 2)
        cycles[title] = answer.simulated
        print(f"{title}: {answer.simulated:,} cycles, {bits_of(machine.design):,} bits of queues")
        if machine is observed:
            for name in depths.binding:
                print(f"  {name}: peak {answer.peaks[name]} of {depths.depth[name]}")
                if depths.depth[name] > 16:
                    assert answer.peaks[name] == depths.depth[name]
    assert cycles["normal"] <= 1.01 * cycles["unbounded"]
    assert cycles["conservative"] <= 1.01 * cycles["unbounded"]
    assert bits_of(conservative.design) <= bits_of(design)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["residual_1_i_a", "residual_2_i_a"])
def test_half_a_residual_queue_hangs_by_name(
    observed: Machine, machine_of: Callable[..., Machine], name: str
) -> None:
    """The skip path fills before the path around it can answer; the report says which stream."""
    assert name in observed.design.depths.binding
    halved = machine_of(
        design=observed.design,
        observed=True,
        depths=lambda d: {name: d.queues[name] // 2},
    )
    group = halved.emitted.manifest.token_batch
    with pytest.raises(InternalError, match=rf"^Design hangs: .*blocked: .*\b{name}\b") as raised:
        halved.answer(list(range(1, group + 1)), 1)
    print(str(raised.value)[:200])
