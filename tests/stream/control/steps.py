# SPDX-License-Identifier: Apache-2.0
"""Steps of a small model, as the sequencer sends them."""

import random

from streamhw.stream.control.step_layout import step_layout

__all__ = ["LAYOUT", "bits", "steps_of"]

LAYOUT = step_layout(tokens=3, context=20, layers=2)


def steps_of(seed, groups=8):
    """Steps as the sequencer sends them: layers, and a tail where the group has a head."""
    rng = random.Random(seed)
    steps = []
    for _ in range(groups):
        n, head = rng.randint(1, 3), rng.randint(0, 1)
        position = rng.randrange(17)
        for layer in range(2):
            steps.append((0, head, n, position, layer))
        if head:
            steps.append((1, 1, 1, position + n - 1, 0))
    return [dict(zip(LAYOUT.members, step, strict=True)) for step in steps]


def bits(layout, value):
    return layout.const(value).as_value().value
