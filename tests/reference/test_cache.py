# SPDX-License-Identifier: Apache-2.0
"""A cache holds every row in order, of each node and layer apart."""

import numpy as np

from streamhw.reference.cache import Cache


def test_rows_stay_while_room_grows() -> None:
    cache, key = Cache(), ("attention", 0, "key")
    rows = np.arange(2 * 300 * 4, dtype=float).reshape(2, 300, 4)
    for begin, end in ((0, 1), (1, 2), (2, 65), (65, 300)):
        found = cache.append(key, rows[:, begin:end])
        assert (found == rows[:, :end]).all()


def test_layers_and_roles_are_apart() -> None:
    cache = Cache()
    for n, key in enumerate((("a", 0, "key"), ("a", 0, "value"), ("a", 1, "key"), ("b", 0, "key"))):
        found = cache.append(key, np.full((1, 3, 2), float(n)))
        assert found.shape == (1, 3, 2) and (found == n).all()
    assert cache.append(("a", 0, "key"), np.full((1, 1, 2), 9.0)).tolist() == [
        [[0, 0], [0, 0], [0, 0], [9, 9]]
    ]
