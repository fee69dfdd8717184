# SPDX-License-Identifier: Apache-2.0
"""Sizes of scores and values: what does not fit together is refused, by both alike."""

import pytest

from streamhw.kernels.attention.dot_geometry import DotGeometry
from streamhw.kernels.attention.scores import ScoresSpec
from streamhw.kernels.attention.values import ValuesSpec

SIZES = {"tokens": 4, "heads": 4, "head_dim": 8, "context": 16, "lanes": 4}


def test_a_head_takes_as_many_beats_as_its_lanes_say() -> None:
    assert issubclass(ScoresSpec, DotGeometry) and issubclass(ValuesSpec, DotGeometry)
    assert ScoresSpec(**SIZES).fold == 2
    assert ValuesSpec(**SIZES, out_lanes=4).fold == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shift": -1}, r"^shift must be at least 0, not -1$"),
        ({"lanes": 3}, r"^lanes must "),
        ({"shared": 3}, r"^shared must "),
        ({"positions": 3}, r"^positions must "),
    ],
)
def test_what_does_not_fit_is_refused_by_both(change: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScoresSpec(**SIZES | change)
    with pytest.raises(ValueError, match=message):
        ValuesSpec(**SIZES | change, out_lanes=4)
