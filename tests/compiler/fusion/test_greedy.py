# SPDX-License-Identifier: Apache-2.0
"""The published greedy fusion."""

from streamhw.compiler.fusion.choose import group
from streamhw.compiler.fusion.greedy import greedy
from tests.compiler.fusion.problems import chain


def test_greedy_fuses_what_comes_first() -> None:
    simple = greedy(chain(11, 50))
    assert simple is not None
    assert simple.groups[:6] == (0,) * 6 and simple.outcome.bytes == 6 + 7 + 8 + 9 + 10
    best = group(chain(11, 50))
    assert best is not None and best.outcome.bytes == 1 + 2 + 3 + 4 + 5
