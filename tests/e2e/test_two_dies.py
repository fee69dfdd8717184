# SPDX-License-Identifier: Apache-2.0
"""Designs on several dies: register slices change cycles, and not one bit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streamhw.api.answer import simulated
from streamhw.boards.base import Budget, Die, load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.quantization.config import QuantConfig
from streamhw.reference.integer_model import IntegerModel
from streamhw.sim.memory_model import MemoryModel
from tests.e2e.machine import Machine
from tests.tiny import write_tiny

Make = Callable[..., Machine]
BOARD = Path(__file__).parents[1] / "boards" / "two_dies.py"


def checked(machine: Machine, prompt: list[int], count: int, stalls: float) -> int:
    """Streams that were compared in an answer, all equal to the reference."""
    answer = simulated(
        machine.emitted.manifest,
        machine.library,
        machine.image,
        prompt,
        count,
        model=MemoryModel.of(load_board("sim"), stalls=stalls, seed=5),
        reference=machine.reference,
    )
    expected = IntegerModel(machine.quantized, layer_table().reference).generate(prompt, count)
    assert [t.token for t in answer.tokens] == list(expected)
    assert answer.compared is not None and answer.compared.first is None
    return answer.compared.streams


def slices(design: PlacedNetlist) -> list[tuple[str, ...]]:
    dies = design.placement.dies
    return [dies[i.name] for i in design.instances if i.name.endswith("_crossing")]


@pytest.mark.slow
def test_three_dies_and_a_dma_far_from_memory(machine_of: Make, tmp_path: Path) -> None:
    """Streams that cross two boundaries, and AXI, base addresses and errors that do."""
    budget = Budget(luts=24_000, ffs=60_000, dsps=100, block_ram=20, ultra_ram=8)
    whole = Budget(luts=72_000, ffs=180_000, dsps=300, block_ram=60, ultra_ram=24)
    dies = tuple(Die(name=n, budget=budget, memory=n == "low") for n in ("low", "middle", "high"))
    board = replace(load_board("sim"), name="three_dies", budget=whole, dies=dies)
    config = BuildConfig(
        quantization=QuantConfig(scale_group=32),
        multipliers=32,
        pins=(
            ("attention_key_read_dma", "high"),
            ("attention_value_append_dma", "middle"),
            ("sequencer", "high"),
        ),
    )
    tiny = load(str(write_tiny(tmp_path / "tiny")))
    design = compile_model(tiny, board, config)
    assert {len(way) for way in slices(design)} == {2, 3}
    assert checked(machine_of(design=design, of=tiny, observed=True), [1, 2, 3, 4, 5], 3, 0.2) >= 30


@pytest.mark.slow
def test_a_whole_model_on_two_dies(
    machine_of: Make, model: Model, prompts: list[list[int]]
) -> None:
    design = compile_model(model, load_board(str(BOARD)))
    placement = design.placement
    assert placement.gap == 0
    assert placement.crossing_bits > 0
    assert len(slices(design)) >= 10
    for die in design.board.stack:
        assert 0.3 < placement.used[die.name].fill(die.budget) <= 0.85
    machine = machine_of(design=design, observed=True)
    for index, stalls in ((0, 0.0), (5, 0.3)):
        assert checked(machine, prompts[index], 4, stalls) >= 40
