# SPDX-License-Identifier: Apache-2.0
"""Proofs, bounded and not: what holds passes, what does not is an error with its trace."""

import pytest
from amaranth.hdl import Assert, Assume, Module, Mux, Signal

from streamhw.testing import ProofError, prove, prove_always


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


def test_what_always_holds() -> None:
    m, enable, count = counter(6)
    prove_always(m, ports=[enable], covers=[count == 5], depth=8)


def test_what_fails_late() -> None:
    """Behind the depth of the covers; the trace is as long as it must be."""
    m, enable, count = counter(5)
    with pytest.raises(ProofError, match="an assertion fails within 6 cycles"):
        prove_always(m, ports=[enable], depth=1)
    m, enable, count = counter(6)
    with pytest.raises(ProofError, match="cover 0 is out of reach within 3 cycles"):
        prove_always(m, ports=[enable], covers=[count == 5], depth=3)


def test_assumptions_hold_always() -> None:
    m, step, count = Module(), Signal(4), Signal(4)
    m.d.sync += count.eq(count + step)
    m.d.comb += [Assume(~step[0]), Assert(~count[0])]
    prove_always(m, ports=[step], covers=[count == 14], depth=3)


def test_what_takes_too_long() -> None:
    m, choice, mixed = Module(), Signal(), Signal(32, init=1)
    m.d.sync += mixed.eq(Mux(choice, mixed * mixed + 12345, mixed * 3) | 1)
    m.d.comb += Assert(mixed != 0x1234_5678 | 1)
    with pytest.raises(ProofError, match="no proof and no trace after 1 s"):
        prove_always(m, ports=[choice], depth=1, seconds=1)
