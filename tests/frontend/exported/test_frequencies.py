# SPDX-License-Identifier: Apache-2.0
"""Base and scaling are found again from the frequencies that they give."""

import numpy as np
import pytest

from streamhw.frontend.exported.frequencies import base_and_scaling, shortest_number
from streamhw.frontend.exported.no_layer_error import NoLayerError
from streamhw.graph import Angles


@pytest.mark.parametrize(
    ("features", "base", "scaling"),
    [
        (64, 10_000.0, None),
        (128, 1_000_000.0, None),
        (96, 123_456.0, None),
        (64, 10_000.0, (4.0, 0.0, 0.0)),
        (64, 500_000.0, (32.0, 2048.0, 8192.0)),
        (128, 500_000.0, (8.0, 2048.0, 8192.0)),
        (64, 500_000.0, (8.0, 1000.0, 6000.0)),
        (2, 10_000.0, None),
    ],
)
def test_frequencies_tell_base_and_scaling(
    features: int, base: float, scaling: tuple[float, float, float] | None
) -> None:
    angles = Angles(
        features=features, bases=(base,), scalings=() if scaling is None else (scaling,)
    )
    frequencies = angles.frequencies(0).astype(np.float32).astype(np.float64)
    found, other = base_and_scaling(frequencies)
    assert (found, other) == (base, scaling)


def test_other_frequencies_are_refused() -> None:
    frequencies = 10_000.0 ** (-np.arange(16) / 16)
    frequencies[7] *= 1.01
    with pytest.raises(NoLayerError, match="frequencies of rotations must be plain"):
        base_and_scaling(frequencies)


def test_numbers_of_fewest_digits() -> None:
    assert shortest_number(9999.99999) == 10_000 and shortest_number(0.3333333) == 0.33333
