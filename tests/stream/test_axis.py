# SPDX-License-Identifier: Apache-2.0
"""A loop of an address walk is plain data."""

import pickle

from streamhw.stream.axis import Axis
from streamhw.stream.itensor.itensor import Symbol


def test_equal_axes_compare_hash_and_pickle() -> None:
    axis = Axis(trip=Symbol("n", 4), increment=3)
    assert axis == Axis(trip=Symbol("n", 4), increment=3)
    assert len({axis, Axis(trip=4, increment=3)}) == 2
    assert pickle.loads(pickle.dumps(axis)) == axis
