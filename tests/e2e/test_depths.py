# SPDX-License-Identifier: Apache-2.0
"""The linear program's depths at full group and far into the context: exact, and needed."""

from collections.abc import Callable

import pytest

from streamhw.errors import InternalError
from tests.e2e.machine import Machine


@pytest.mark.slow
def test_depths_cost_no_cycle_in_a_long_prompt(
    observed: Machine, machine_of: Callable[..., Machine], prompts: list[list[int]]
) -> None:
    """Queues of four times the depth give the same cycles to within one in a hundred, and where
    the program gave more than the minimum for a residual, every beat of it is used."""
    depths = observed.design.known.depths
    deep = machine_of(
        design=observed.design,
        depths=lambda _: {name: 4 * depth for name, depth in depths.depth.items()},
    )
    ours, theirs = observed.answer(prompts[9], 2), deep.answer(prompts[9], 2)
    print(f"cycles: {ours.simulated:,} as sized, {theirs.simulated:,} with four times the depth")
    assert ours.simulated <= 1.01 * theirs.simulated
    for name in depths.binding:
        print(f"{name}: peak {ours.peaks[name]} of {depths.depth[name]}")
        if name.startswith("residual"):
            assert ours.peaks[name] == depths.depth[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["residual_1_i_a", "residual_2_i_a"])
def test_half_a_residual_queue_hangs_by_name(
    observed: Machine, machine_of: Callable[..., Machine], name: str
) -> None:
    """The skip path fills before the path around it can answer; the report says which stream."""
    assert name in observed.design.known.depths.binding
    halved = machine_of(
        design=observed.design,
        observed=True,
        depths=lambda d: {c.name: c.depth // 2 for c in d.channels if c.name == name},
    )
    group = halved.emitted.manifest.group
    with pytest.raises(InternalError, match=rf"^Design hangs: .*blocked: .*\b{name}\b") as raised:
        halved.answer(list(range(1, group + 1)), 1)
    print(str(raised.value)[:200])
