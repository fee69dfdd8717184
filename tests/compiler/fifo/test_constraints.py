# SPDX-License-Identifier: Apache-2.0
"""How many beats wait: the published formulas, ours, and enumeration."""

from dataclasses import replace
from itertools import pairwise, product
from math import ceil
from random import Random

import numpy as np
import pytest

from streamhw.compiler.fifo import (
    READ,
    Profile,
    depth_of,
    max_tokens,
    waiting_beats,
)


def test_published_formulas() -> None:
    """Figure 8: five beats, the last one after 7 cycles, read from cycle 3 on, one every 2.

    Equation 2 and ours differ by the cycles in which a beat is handed on: published, a beat may
    be read as it is written and its place is free at once; here both take ``READ`` cycles.
    """
    faster, target = (
        Profile(initial=3, interval=1, beats=5),
        Profile(initial=9, interval=2, beats=5),
    )
    assert faster.total == 7
    assert max_tokens(faster, target, delay=3) == 5 - (7 - 3) // 2 == 3
    assert waiting_beats(beats=5, write_interval=1, read_interval=2, delay=0) == 3
    slower = Profile(initial=3, interval=2, beats=50)
    quick = Profile(initial=0, interval=1, beats=50)
    assert max_tokens(slower, quick, delay=12) == ceil((12 - 3) / 2) == 5
    assert waiting_beats(beats=50, write_interval=2, read_interval=1, delay=9) == 6
    assert max_tokens(replace(slower, beats=4), quick, delay=100) == 4
    assert waiting_beats(beats=4, write_interval=2, read_interval=1, delay=100) == 4
    assert waiting_beats(beats=1, write_interval=1, read_interval=2, delay=100) == 1


@pytest.mark.parametrize(("write", "read"), list(product((1, 2, 3), (1, 2, 3))))
def test_ours_exceeds_the_published_by_what_a_queue_needs(write: int, read: int) -> None:
    for beats, delay in product((1, 2, 5, 9), range(12)):
        source = Profile(initial=4, interval=write, beats=beats)
        target = Profile(initial=0, interval=read, beats=beats)
        ours = waiting_beats(beats=beats, write_interval=write, read_interval=read, delay=delay)
        theirs = max_tokens(source, target, delay=4 + delay)
        if delay + (beats - 1) * (read - write) >= 0:
            assert theirs - 1 <= ours <= max(1, theirs) + 2 * READ


def test_depth_equals_enumeration() -> None:
    """Bent lines: the least depth by trying all, over every beat."""
    random = Random(1)
    for _ in range(2000):
        count = random.randint(1, 20)
        beats = tuple(sorted({0, count - 1, *(random.randrange(count) for _ in range(3))}))
        written, read = [0.0], [1.0 + random.randint(0, 20)]
        for a, b in pairwise(beats):
            written.append(written[-1] + (b - a) * random.choice((1, 1, 2, 3, 1.5)))
            read.append(read[-1] + (b - a) * random.choice((1, 1, 2, 3, 1.25)))
        w, r = (np.interp(range(count), beats, times) for times in (written, read))
        least = next(
            d
            for d in range(1, count + 1)
            if all(w[i + d] >= r[i] + READ - 1e-9 for i in range(count - d))
        )
        assert depth_of(beats, written, read) == least


# The program itself.
