# SPDX-License-Identifier: Apache-2.0
"""The simulation of beats against one that steps through all cycles."""

from random import Random

from streamhw.compiler.fifo.simulate import simulate
from tests.compiler.fifo.networks import at_every_cycle, random_template


def test_simulation_equals_one_cycle_by_cycle() -> None:
    """Causes give the same cycles, and the same deadlocks, as stepping through all of them."""
    random, deadlocks = Random(7), 0
    for _ in range(150):
        template = random_template(random)
        network = template.at(*random.choice(template.values))
        depth = {w.name: random.choice((1, 2, 2, 3, 5)) for w in network.wires}
        run, stepped = simulate(network, depth), at_every_cycle(network, depth)
        assert run.deadlock is (stepped is None)
        deadlocks += run.deadlock
        if stepped is not None:
            assert {name: cycles[-1] for name, cycles in run.results.items()} == stepped
    assert deadlocks > 0
