# SPDX-License-Identifier: Apache-2.0
"""Powers of two, and what divides."""

from streamhw.compiler.mapping.sizes import divides, powers


def test_powers_begin_with_the_lowest() -> None:
    assert powers(3, 25) == [3, 6, 12, 24]
    assert powers(8, 2) == [8]


def test_either_may_be_the_multiple() -> None:
    assert divides(4, 12) and divides(12, 4)
    assert not divides(8, 12)
