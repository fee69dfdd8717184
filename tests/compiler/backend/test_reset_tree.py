# SPDX-License-Identifier: Apache-2.0
"""The reset tree of a board of several dies: who is reset when, and by how many registers."""

import random
from dataclasses import replace

import pytest
from amaranth.back import verilog
from amaranth.hdl import ClockDomain, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from streamhw.boards.base import Family
from streamhw.compiler.backend.reset_tree import ResetTree
from streamhw.compiler.floorplan.top_overhead import CONTROL
from streamhw.compiler.floorplan.top_registers import reset_latency
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.synthesis.yosys import count_modules
from tests.compiler.larger_boards import of_dies, striped

STEADY = "steady"


class Part(wiring.Component):
    """Counts cycles out of reset; says whether it is in one."""

    def __init__(self) -> None:
        super().__init__({"count": Out(8), "reset": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.count.eq(self.count + 1)
        m.d.comb += self.reset.eq(ResetSignal())
        return m


class Parts(wiring.Component):
    """A part at each of some places of a design."""

    def __init__(self, design: PlacedNetlist, places: tuple[tuple[str, str | None], ...]):
        self.parts = [Part() for _ in places]
        self._design, self._places = design, places
        super().__init__({"clk": In(1), "root": In(1, init=1), "resets": Out(len(places))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        steady = ClockDomain(STEADY, reset_less=True)
        m.domains += steady
        m.d.comb += steady.clk.eq(self.clk)
        resets = ResetTree(m, self._design, self.clk, STEADY)
        for n, (owner, die) in enumerate(self._places):
            m.submodules[f"part_{n}"] = resets.placed(self.parts[n], owner, die)
            m.d.comb += self.resets[n].eq(self.parts[n].reset)
        resets.grow(self.root)
        return m


@pytest.fixture
def apart(design: PlacedNetlist) -> PlacedNetlist:
    """A design whose parts are on three dies in turns, with its registers in the middle."""
    names = ("low", "middle", "high")
    dies = {part: (names[n % 3],) for n, part in enumerate(design.placement.dies)}
    placement = replace(design.placement, dies=dies | {CONTROL: ("middle",)})
    return replace(design, board=of_dies(design.board, names), placement=placement)


def places_of(design: PlacedNetlist) -> tuple[tuple[str, str | None], ...]:
    owners = [i.name for i in design.instances][:6]
    return (*((owner, None) for owner in owners), (owners[0], None), ("mem0", "low"))


@pytest.mark.parametrize("board", ["one die", "striped", "three dies"])
@pytest.mark.parametrize("seed", range(3))
def test_all_parts_in_step(
    board: str, seed: int, design: PlacedNetlist, apart: PlacedNetlist
) -> None:
    """In each cycle all are in reset or none is, whatever the root does, also at first."""
    placed = {
        "one die": design,
        "striped": replace(design, board=striped(design.board)),
        "three dies": apart,
    }[board]
    top = Parts(placed, places_of(placed))
    latency = reset_latency(placed.board)
    rng = random.Random(seed)

    async def bench(ctx):
        history = [1] * (latency + 1)
        seen = set()
        root = 1
        for _ in range(300):
            if rng.random() < 0.2:
                root ^= 1
            ctx.set(top.root, root)
            history = [*history, root][-(latency + 1) :]
            resets = {ctx.get(part.reset) for part in top.parts}
            assert resets == {history[0]}, (history, resets)
            assert len({ctx.get(part.count) for part in top.parts}) == 1
            seen |= resets
            ctx.set(top.clk, 1)
            await ctx.delay(1e-6)
            ctx.set(top.clk, 0)
            await ctx.delay(1e-6)
        assert seen == {0, 1}

    simulator = Simulator(top)
    simulator.add_testbench(bench)
    simulator.run()


def test_synthesis_merges_none(apart: PlacedNetlist) -> None:
    """Three trunks, a leaf for each owner that has parts here, and one for the top itself."""
    places = places_of(apart)
    text = verilog.convert(Parts(apart, places), name="top", emit_src=False)
    owners = {owner for owner, _ in places}
    trunks = 3 * (reset_latency(apart.board) - 1)
    assert count_modules(text, Family.ULTRASCALE_PLUS)["top"].ffs == trunks + len(owners) + 1


def test_a_small_board_has_one_register(design: PlacedNetlist) -> None:
    m = Module()
    part = Part()
    assert ResetTree(m, design, Signal(), STEADY).placed(part, design.instances[0].name) is part
