# SPDX-License-Identifier: Apache-2.0
"""The rules of AXI: traffic that keeps them, and for each of them traffic that breaks that one."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from amaranth.sim import Simulator

from streamhw.testing.axi_rules import AxiRule, AxiRules

Cycle = Mapping[str, int]

BURST = {"burst": 1, "size": 4, "len": 3, "addr": 0xFC0}


def address(channel: str, *, ready: int = 1, **changed: int) -> Cycle:
    fields = {f"{channel}{name}": value for name, value in {**BURST, **changed}.items()}
    return {f"{channel}valid": 1, f"{channel}ready": ready, **fields}


def beat(last: int, *, ready: int = 1, data: int = 0) -> Cycle:
    return {"wvalid": 1, "wready": ready, "wlast": last, "wdata": data}


BEATS = [beat(0), beat(0), beat(0), beat(1)]
LEGAL: Mapping[str, Sequence[Cycle]] = {
    "to the end of a page": [address("ar"), address("aw")],
    "waits": [address("ar", ready=0), address("ar", ready=0), address("ar")],
    "data behind its address": [address("aw"), *BEATS],
    "data before its address": [*BEATS, {}, address("aw")],
    "data with its address": [{**address("aw"), **BEATS[0]}, *BEATS[1:]],
    "a wait in the data": [address("aw"), beat(0, ready=0), *BEATS],
    "a reset ends what is shown": [address("ar", ready=0), {"reset": 1}, {}],
    "two under way": [address("ar"), address("ar"), {"rvalid": 1, "rready": 1, "rlast": 1},
                      address("ar")],
    "an unaligned begin": [address("ar", addr=0xFC8)],
}  # fmt: skip
BROKEN: Mapping[AxiRule, Sequence[Cycle]] = {
    AxiRule.RESET: [{"reset": 1, **beat(0)}],
    AxiRule.AR_STAYS: [address("ar", ready=0), address("ar", addr=0xF80)],
    AxiRule.AW_STAYS: [address("aw", ready=0), {}],
    AxiRule.W_STAYS: [beat(0, ready=0, data=1), beat(0, ready=0, data=2)],
    AxiRule.AR_PAGE: [address("ar", addr=0xFD0)],
    AxiRule.AW_PAGE: [address("aw", len=4)],
    AxiRule.AR_SHAPE: [address("ar", burst=3)],
    AxiRule.AW_SHAPE: [address("aw", size=5, addr=0, len=0)],
    AxiRule.W_LAST: [address("aw"), *BEATS[:3], beat(0), beat(1)],
    AxiRule.AR_COUNT: [address("ar")] * 3,
    AxiRule.AW_COUNT: [*BEATS, *BEATS, *BEATS, address("aw"), address("aw"), address("aw")],
}


def broken(cycles: Sequence[Cycle], *, writes: bool = True) -> set[AxiRule]:
    """The rules that are broken in some cycle, with two bursts allowed under way."""
    dut = AxiRules(width=128, outstanding=2, writes=writes)
    found: set[AxiRule] = set()
    inputs = sorted({name for cycle in cycles for name in cycle})

    async def bench(ctx: Any) -> None:
        for cycle in (*cycles, {}, {}):
            for name in inputs:
                ctx.set(getattr(dut, name), cycle.get(name, 0))
            bits = ctx.get(dut.broken)
            found.update(rule for rule in AxiRule if bits >> rule & 1)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return found


@pytest.mark.parametrize("name", LEGAL)
def test_what_keeps_the_rules(name: str) -> None:
    assert broken(LEGAL[name]) == set()


@pytest.mark.parametrize("rule", AxiRule, ids=lambda rule: rule.name)
def test_what_breaks_a_rule(rule: AxiRule) -> None:
    assert broken(BROKEN[rule]) == {rule}


def test_a_burst_that_is_too_short() -> None:
    assert broken([address("aw"), beat(0), beat(1)]) == {AxiRule.W_LAST}


def test_an_exclusive_access() -> None:
    assert broken([address("aw", lock=1)]) == {AxiRule.AW_SHAPE}


def test_reads_alone() -> None:
    changes = BROKEN[AxiRule.AW_STAYS]
    assert broken(changes, writes=False) == set()
    assert broken(BROKEN[AxiRule.AR_STAYS], writes=False) == {AxiRule.AR_STAYS}
