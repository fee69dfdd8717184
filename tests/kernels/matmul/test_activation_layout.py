# SPDX-License-Identifier: Apache-2.0
"""Where x lies: every element has a place of its own, whatever the order of arrival."""

from math import prod

import pytest

from streamhw.kernels.matmul.activation_layout import ActivationLayout
from streamhw.numerics.fixed import Fixed
from streamhw.stream.converter.access_sequence import places
from streamhw.stream.itensor.itensor import ITensor, Loop, row_major

INT8 = Fixed(8)
LAYOUT = ActivationLayout(tokens=3, inputs=4, words=3, lanes=2, piece=2)
ARRIVALS = [
    row_major(INT8, (3, 12), 2),
    row_major(INT8, (3, 12), 4),
    ITensor(INT8, (1, 2), (Loop(2, 6, 1), Loop(3, 1, 0), Loop(3, 2, 1))),
    ITensor(INT8, (1, 4), (Loop(3, 4, 1), Loop(3, 1, 0))),
]


def test_sizes_are_powers_of_two() -> None:
    assert (LAYOUT.piece_bits, LAYOUT.word_bits, LAYOUT.lane_bits) == (1, 2, 1)
    assert LAYOUT.places == 2
    assert LAYOUT.depth == 2 * 2 * 4


@pytest.mark.parametrize("arrival", [ARRIVALS[0], ARRIVALS[1], ARRIVALS[3]])
def test_the_walk_gives_each_beat_the_place_of_its_element(arrival: ITensor) -> None:
    found = places(LAYOUT.axes(arrival)).tolist()
    wanted = [
        (token << 2 | column // 4) << 1 | column % 4 // 2
        for token, column in arrival.order().tolist()
    ]
    assert found == wanted
    assert len(set(found)) == prod(loop.bound for loop in arrival.loops)
