# SPDX-License-Identifier: Apache-2.0
"""The base and the scaling that frequencies of rotary angles come from."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...graph import Angles, Scaling
from .no_layer_error import NoLayerError

__all__ = ["base_and_scaling", "shortest_number"]

Reals = NDArray[np.float64]

_CLOSE = 2e-6
"""Relative: frequencies come from 32-bit sines."""
_TRAINED = tuple(1 << power for power in range(4, 21))
_LOW, _HIGH = 1.0, 4.0
"""What all of Llama 3 have."""


def base_and_scaling(frequencies: Reals) -> tuple[float, Scaling | None]:
    """What ``Angles`` gives these frequencies with; raises ``NoLayerError`` if nothing does."""
    for base, scaling in _candidates(frequencies):
        if base <= 1:
            continue
        for chosen in (shortest_number(base), base):
            if chosen > 1 and _same(frequencies, chosen, scaling):
                return chosen, scaling
    raise NoLayerError("frequencies of rotations must be plain, scaled linearly or as in Llama 3")


def _same(frequencies: Reals, base: float, scaling: Scaling | None) -> bool:
    angles = Angles(
        features=2 * len(frequencies),
        bases=(base,),
        scalings=() if scaling is None else (scaling,),
    )
    return np.allclose(angles.frequencies(None), frequencies, rtol=_CLOSE, atol=0)


def _candidates(frequencies: Reals) -> Iterator[tuple[float, Scaling | None]]:
    pairs = len(frequencies)
    factor = float(1 / frequencies[0])
    if pairs == 1:
        yield 10_000.0, None if abs(factor - 1) < _CLOSE else (shortest_number(factor), 0.0, 0.0)
        return
    base = float((frequencies[-1] / frequencies[0]) ** (-pairs / (pairs - 1)))
    if abs(factor - 1) < _CLOSE:
        yield base, None
    else:
        yield base, (shortest_number(factor), 0.0, 0.0)
        return
    # Llama 3: the first are as they were, the last divided by the factor.
    for ratio in (frequencies[1] / frequencies[0], frequencies[-1] / frequencies[-2]):
        if ratio < 1:
            yield from _llama3(frequencies, shortest_number(float(ratio**-pairs)))


def _llama3(frequencies: Reals, base: float) -> Iterator[tuple[float, Scaling]]:
    pairs = len(frequencies)
    plain = base ** (-np.arange(pairs) / pairs)
    factor = shortest_number(float(plain[-1] / frequencies[-1]))
    if factor <= 1:
        return
    for trained in _TRAINED:
        yield base, (factor, trained / _HIGH, trained / _LOW)
    share = (frequencies / plain - 1 / factor) / (1 - 1 / factor)
    between = np.flatnonzero((share > 1e-3) & (share < 1 - 1e-3))
    if len(between) > 1:
        a, b = between[0], between[-1]
        turns = plain / (2 * np.pi)
        slope = (share[a] - share[b]) / (turns[a] - turns[b])
        longest = 1 / (turns[a] - share[a] / slope)
        shortest = 1 / (1 / slope + 1 / longest)
        yield base, (factor, shortest_number(float(shortest)), shortest_number(float(longest)))


def shortest_number(value: float) -> float:
    """The number of fewest digits that is as close as 32-bit floats tell."""
    for digits in range(1, 9):
        rounded = float(f"{value:.{digits}g}")
        if abs(rounded - value) < 1e-5 * abs(value):
            return rounded
    return value
