# SPDX-License-Identifier: Apache-2.0
"""Registers without a reset may begin with anything: answers are the same, cycle by cycle."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model
from streamhw.reference.integer_model import IntegerModel
from streamhw.sim import verilator
from tests.compiler.backend.registers import started_anyhow
from tests.e2e.machine import Machine
from tests.tiny import tiny_decoder

PROMPTS = ([1, 2, 3], [7])


@pytest.fixture(scope="module")
def tiny(machine_of: Callable[..., Machine]) -> Machine:
    model = tiny_decoder()
    return machine_of(design=compile_model(model, load_board("sim")), of=model, observed=True)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_any_start_gives_the_same_answers(tiny: Machine, seed: int) -> None:
    verilog = tiny.folder / f"started_{seed}.v"
    verilog.write_text(started_anyhow(tiny.emitted.verilog, seed))
    library = verilator.build([verilog], tiny.emitted.manifest, observed=True)
    started = replace(tiny, library=library)
    golden = IntegerModel(tiny.quantized, layer_table().reference)
    for prompt in PROMPTS:
        expected, answer = tiny.answer(prompt, 5), started.answer(prompt, 5, check=True)
        assert [t.token for t in answer.tokens] == list(golden.generate(prompt, 5))
        assert [t.cycles for t in answer.tokens] == [t.cycles for t in expected.tokens]
