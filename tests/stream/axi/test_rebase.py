# SPDX-License-Identifier: Apache-2.0
"""Bursts elsewhere: the address, the rules of AXI under all stalls and resets, nothing lost."""

from random import Random

import pytest
from amaranth.hdl import Assert, Assume, Cat, Module, Signal, Value

from streamhw.stream.axi.rebase import FAR_WIDTH, PAGE_BITS, Rebase, rebased
from streamhw.stream.axi.signature import ADDRESS_WIDTH, axi4
from streamhw.testing import PATTERNS, ProofError, prove, run_streams
from streamhw.testing.axi_rules import AxiRules

NEAR = axi4(width=128).members["ar"].signature.members["payload"].shape
SMALL = axi4(width=8, address=PAGE_BITS + 1, identifier=1).members["ar"].signature
DEPTH = 9


@pytest.mark.parametrize("source", ["always", "singles", "bursts"])
@pytest.mark.parametrize("sink", PATTERNS)
def test_addresses_are_moved_by_whole_pages(source: str, sink: str, seed: int) -> None:
    rng = Random(f"{seed} {source} {sink}")
    pages = rng.getrandbits(FAR_WIDTH - PAGE_BITS)
    dut = Rebase(shape=NEAR)
    fields = {"len": 8, "size": 3, "burst": 2, "lock": 1, "cache": 4, "prot": 3}
    sent, expected = [], []
    for _ in range(40):
        burst = {name: rng.getrandbits(bits) for name, bits in fields.items()}
        address = rng.getrandbits(ADDRESS_WIDTH)
        sent.append(NEAR.const({"id": rng.getrandbits(4), "addr": address, **burst}))
        moved = (address + (pages << PAGE_BITS)) % (1 << FAR_WIDTH)
        expected.append(rebased().const({"addr": moved, **burst}).as_value().value)

    run = run_streams(
        dut,
        inputs={"i": [each.as_value().value for each in sent]},
        outputs={"o": len(sent)},
        source=source,
        sink=sink,
        seed=seed,
        each_cycle=lambda ctx, cycle: ctx.set(dut.pages, pages),
    )
    assert run.beats["o"] == expected
    if source == sink == "always":
        assert [o - i for i, o in zip(run.cycles["i"], run.cycles["o"], strict=True)] == [2] * 40


def proof(rebase: Rebase, *, gated: bool = True) -> tuple[Module, list[Value], list[Value]]:
    """A design that keeps the rules and a memory that does what it likes; a reset now and then, in
    which the design shows nothing. The module, its free inputs, and what must be reached."""
    m = Module()
    m.submodules.rebase = rebase
    m.submodules.rules = rules = AxiRules(
        width=8, outstanding=DEPTH, address=FAR_WIDTH, writes=False
    )
    address, burst = Signal(PAGE_BITS + 1), rebase.i.p
    valid, ready, hold, pages = Signal(), Signal(), Signal(), Signal(4)
    # All bytes of a beat are one, so that every length that stays in its page is legal.
    length = Signal(8)
    shown, before = Signal(), Signal(len(address) + len(length))
    asked = Cat(length, address)
    m.d.sync += [shown.eq(valid & ~rebase.i.ready & ~hold), before.eq(asked)]
    m.d.comb += [
        Assume(~hold | ~valid),
        Assume(~shown | hold | (valid & (asked == before))),
        Assume(address[:PAGE_BITS] + length < 1 << PAGE_BITS),
        rebase.i.valid.eq(valid),
        burst.addr.eq(address),
        burst.len.eq(length),
        burst.burst.eq(1),
        rebase.pages.eq(pages),
        rebase.hold.eq(hold & gated),
        rebase.o.ready.eq(ready),
        rules.reset.eq(hold),
        rules.arvalid.eq(rebase.o.valid),
        rules.arready.eq(ready),
    ]
    m.d.comb += [getattr(rules, f"ar{name}").eq(rebase.o.p[name]) for name, _ in rebased()]
    steady, first = Signal(4), Signal(init=1)
    m.d.sync += [steady.eq(pages), first.eq(0)]
    taken, given = Signal(range(DEPTH + 1)), Signal(range(DEPTH + 1))
    m.d.sync += [
        taken.eq(taken + (valid & rebase.i.ready)),
        given.eq(given + (rebase.o.valid & ready)),
    ]
    m.d.comb += [
        Assume(first | (steady == pages)),
        Assert(rules.broken == 0),
        Assert(taken - given <= 3),
        Assert(given <= taken),
    ]
    again = hold & (taken != given)
    return m, [address, length, valid, ready, hold, pages], [given == 4, again]


def test_the_rules_hold_whatever_comes() -> None:
    rebase = Rebase(shape=SMALL.members["payload"].shape)
    m, free, reached = proof(rebase)
    prove(m, ports=free, covers=reached, depth=DEPTH)


def test_the_proof_finds_a_gate_that_is_missing() -> None:
    m, free, reached = proof(Rebase(shape=SMALL.members["payload"].shape), gated=False)
    with pytest.raises(ProofError, match="an assertion fails"):
        prove(m, ports=free, covers=reached, depth=DEPTH)
