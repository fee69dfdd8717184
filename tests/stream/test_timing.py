# SPDX-License-Identifier: Apache-2.0
"""Cycle counts are plain data."""

import pickle

from streamhw.stream.timing import Timing


def test_equal_counts_compare_hash_and_pickle() -> None:
    timing = Timing(latency=4, interval=16, drain=3)
    assert timing == Timing(4, 16, 3) and hash(timing) == hash(Timing(4, 16, 3))
    assert pickle.loads(pickle.dumps(timing)) == timing
