# SPDX-License-Identifier: Apache-2.0
"""Lengths of attention's rows, under every stall."""

import random

import numpy as np
import pytest

from streamhw.stream.control.causal_lengths import CausalLengths
from streamhw.testing import Case, check_kernel
from tests.stream.control.steps import bits


@pytest.mark.parametrize(
    ("tokens", "context", "heads", "positions"),
    [(1, 1, 1, 1), (3, 20, 2, 1), (4, 9, 1, 1), (3, 20, 2, 4), (4, 8, 1, 2)],
)
def test_lengths(tokens, context, heads, positions):
    spec = CausalLengths(tokens=tokens, context=context, heads=heads, positions=positions)
    rng = random.Random(context)
    cases = []
    for n in [rng.randint(1, tokens) for _ in range(5)] + [tokens] * 3:
        position = rng.randint(0, context - n)
        word = bits(spec.layout, {"tokens": n, "position": position})
        symbol_values = {"tokens": n, "length": [position + t + 1 for t in range(n)]}
        cases.append(Case(inputs={"i": np.array([word])}, symbol_values=symbol_values))
    same = cases[-1].symbol_values
    cases += [Case(inputs=cases[-1].inputs, symbol_values=same)] * 2
    check_kernel(spec, cases, seed=context)


def test_lengths_errors():
    with pytest.raises(ValueError, match=r"^Lengths parameters must be at least 1, not "):
        CausalLengths(tokens=1, context=4, heads=0)
    with pytest.raises(ValueError, match=r"^Lengths positions must be a power of two, not 3$"):
        CausalLengths(tokens=1, context=4, heads=1, positions=3)
