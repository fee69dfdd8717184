# SPDX-License-Identifier: Apache-2.0
"""Partition and placement of a tiny model on two dies: slices, pins, budgets, what reports read."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from streamhw.boards.base import Board, Budget, Die, load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.floorplan.place import demands_of
from streamhw.compiler.ir.infrastructure import RegisterSliceSpec
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import compile_model
from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.errors import BuildError
from streamhw.frontend.model import Model
from streamhw.quantization.config import QuantConfig
from streamhw.stream.register_slice import register_slice_latency

Two = Callable[..., PlacedNetlist]


def board(luts: int = 34_000, ports: int = 1, block_ram: int = 60) -> Board:
    """The simulator's memory behind two dies."""
    budget = Budget(luts=luts, ffs=60_000, dsps=400, block_ram=block_ram, ultra_ram=20)
    whole = Budget(
        luts=2 * luts, ffs=120_000, dsps=800, block_ram=2 * block_ram, ultra_ram=40
    )  # fmt: skip
    dies = (Die(name="low", budget=budget, memory=True), Die(name="high", budget=budget))
    (port,) = load_board("sim").ports
    several = tuple(replace(port, name=f"mem{n}") for n in range(ports))
    return replace(load_board("sim"), name="two", budget=whole, dies=dies, ports=several)


@pytest.fixture(scope="module")
def two(tiny: Model) -> Two:
    known: dict[object, PlacedNetlist] = {}

    def compile(*pins: tuple[str, str], on: Board | None = None) -> PlacedNetlist:
        key = (pins, on)
        if key not in known:
            numbers = QuantConfig(scale_group=32)
            config = BuildConfig(quantization=numbers, multipliers=32, pins=pins)
            known[key] = compile_model(tiny, on or board(), config)
        return known[key]

    return compile


def test_slices_are_parts_on_streams_between_dies(two: Two) -> None:
    design = two()
    dies = design.placement.dies
    slices = [i for i in design.instances if len(dies[i.name]) > 1]
    assert slices
    bits = 0
    for instance in slices:
        part = instance.part
        assert isinstance(part, RegisterSliceSpec)
        assert part.behaviour().delay == register_slice_latency(1)
        (before,), (after,) = design.into(instance.name), design.out_of(instance.name)
        assert before.value == after.value
        assert before.consumed.is_same_stream(after.produced)
        assert f"{after.name}_crossing" == instance.name
        bits += before.consumed.beat_bits + 2
    base = 40 * sum(
        dies[i.name] != dies["sequencer"] and (i.region is not None or i.name == "parameter_reader")
        for i in design.instances
    )
    assert design.placement.crossing_bits == bits + base


def test_dmas_are_at_the_memory(two: Two) -> None:
    placement = two().placement
    assert {placement.dies[name] for name in placement.ports} == {("low",)}
    assert placement.dies["control"] == placement.dies["sequencer"]
    assert placement.dies["blocks_entry"] == placement.dies["blocks_exit"]


def test_cells_of_dies_are_those_of_all(two: Two) -> None:
    design = two()
    placement = design.placement
    assert sum(placement.used.values(), Cells()) == placement.total
    memories = sum(s.memory.bits for s in placement.stores)
    assert placement.total.memory_bits == memories
    for die in design.board.stack:
        assert placement.used[die.name].fill(die.budget) <= 0.85
    assert placement.gap == 0


def test_time_knows_of_slices(two: Two, design: PlacedNetlist) -> None:
    """A layer takes a little longer; FIFOs are sized for it."""
    whole, cut = (
        Estimate.placed(design).answer(4, 6).total,
        Estimate.placed(two()).answer(4, 6).total,
    )
    assert whole < cut < 1.1 * whole


def test_pins(two: Two) -> None:
    design = two(("norm_final", "high"), ("attention_softmax", "high"))
    dies = design.placement.dies
    assert dies["norm_final"] == dies["attention_softmax"] == ("high",)


@pytest.mark.parametrize(
    ("pins", "text"),
    [
        ((("nobody", "low"),), r"^Pin to die low must name a part of the design, not 'nobody'$"),
        ((("norm_1", "attic"),), r"^Die of part norm_1 must be one of low, high, not attic$"),
        (
            (("blocks_entry", "low"), ("blocks_exit", "high")),
            r"^Parts blocks_entry, blocks_exit must be pinned to one die$",
        ),
    ],
)
def test_pins_that_cannot_be(two: Two, pins: tuple[tuple[str, str], ...], text: str) -> None:
    with pytest.raises(BuildError, match=text):
        two(*pins)


def test_a_kernel_larger_than_a_die(two: Two) -> None:
    with pytest.raises(
        BuildError,
        match=r"^Part \w+ must fit on one die, of which 80% may be used, but on (low|high) it "
        r"needs [\d,]+ LUTs of 3,000$",
    ):
        two(on=board(luts=3_000))


def test_a_die_without_blocks_has_memories_in_luts(two: Two) -> None:
    design = two(on=replace(board(block_ram=60), name="other"))
    few = two(on=board(luts=40_000, block_ram=9))
    blocks = [d.placement.total.block_ram for d in (design, few)]
    assert blocks[0] > blocks[1] <= 18


def test_memory_ports_by_traffic(two: Two) -> None:
    design = two(on=board(ports=3))
    placement = design.placement
    demands = {d.dma: d.bytes for d in demands_of(design)}
    assert placement.ports["parameter_reader_dma"] == ("mem0",)
    assert max(demands, key=lambda name: demands[name]) in (
        "parameter_reader_dma",
        "attention_key_read_dma",
    )
    keys, values = (placement.ports[f"attention_{n}_read_dma"] for n in ("key", "value"))
    assert {keys, values} == {("mem1",), ("mem2",)}
    beat = design.board.beat_bits / 8
    assert sum(placement.port_cycles.values()) == pytest.approx(sum(demands.values()) / beat)
    assert demands["parameter_reader_dma"] == (
        2 * design.memory.stride + design.memory.region("tail").bytes
    )
