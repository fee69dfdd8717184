# SPDX-License-Identifier: Apache-2.0
"""Lengths of attention's rows, under every stall."""

import random

import numpy as np
import pytest

from streamhw.stream.control.causal_lengths import CausalLengths
from streamhw.stream.control.row_windows import RowWindows
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


@pytest.mark.parametrize(
    ("positions", "together", "hidden"),
    [(1, 1, False), *((*p, h) for p in ((1, 4), (2, 4), (2, 2), (4, 4)) for h in (False, True))],
)
def test_lengths_in_windows(positions, together, hidden):
    """Layers with windows of several widths, and one that sees the whole context."""
    windows = RowWindows(widths=(5, 24, 5, 8), together=together)
    spec = CausalLengths(
        tokens=3, context=24, heads=2, positions=positions, windows=windows, hidden=hidden
    )
    cases = []
    for position in (0, 3, 4, 5, 6, 7, 10, 11, 21):
        for layer in range(4):
            word = bits(spec.layout, {"tokens": 3, "position": position, "layer": layer})
            lengths = windows.lengths(position, 3, layer)
            found = spec.compute({"i": np.array([word])}, {})["o"]
            expected = [windows.hidden(position + t, layer) for t in range(3)]
            if not hidden:
                expected = [-(-length // positions) for length in lengths]
            assert found.tolist() == [[value] * 2 for value in expected]
            values = {"tokens": 3, "length": lengths}
            cases.append(Case(inputs={"i": np.array([word])}, symbol_values=values))
    check_kernel(spec, cases, seed=together)


def test_lengths_errors():
    with pytest.raises(ValueError, match=r"^Lengths parameters must be at least 1, not "):
        CausalLengths(tokens=1, context=4, heads=0)
    with pytest.raises(ValueError, match=r"^Lengths hidden must be false without windows, not "):
        CausalLengths(tokens=1, context=4, heads=1, hidden=True)
    with pytest.raises(ValueError, match=r"^Lengths positions must be a power of two, not 3$"):
        CausalLengths(tokens=1, context=4, heads=1, positions=3)
