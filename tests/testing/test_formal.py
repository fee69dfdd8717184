# SPDX-License-Identifier: Apache-2.0
"""Bounded proofs: what holds passes, what does not is an error with its trace."""

import pytest
from amaranth.hdl import Assert, Module, Signal

from streamhw.testing import ProofError, prove


def counter(limit: int) -> tuple[Module, Signal, Signal]:
    """Counts enabled cycles up to 5, and claims to stay below a limit."""
    m, enable, count = Module(), Signal(), Signal(3)
    with m.If(enable & (count < 5)):
        m.d.sync += count.eq(count + 1)
    m.d.comb += Assert(count < limit)
    return m, enable, count


def test_what_holds() -> None:
    m, enable, count = counter(6)
    prove(m, ports=[enable], covers=[count == 5], depth=8)


def test_what_does_not() -> None:
    m, enable, _ = counter(5)
    with pytest.raises(ProofError, match="an assertion fails within 8 cycles"):
        prove(m, ports=[enable], depth=8)
    m, enable, count = counter(6)
    with pytest.raises(ProofError, match="cover 0 is out of reach within 3 cycles"):
        prove(m, ports=[enable], covers=[count == 5], depth=3)
