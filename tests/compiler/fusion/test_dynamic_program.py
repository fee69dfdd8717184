# SPDX-License-Identifier: Apache-2.0
"""The dynamic program over what is done so far."""

from streamhw.compiler.fusion.choose import group
from tests.compiler.fusion.problems import chain


def test_long_chain_is_exact() -> None:
    """40 streams and room for 37: the three that move the least go through memory."""
    best = group(chain(41, 370))
    assert best is not None and best.method == "dynamic program"
    assert (best.outcome.bytes, best.outcome.groups) == (1 + 2 + 3, 4)
