# SPDX-License-Identifier: Apache-2.0
"""Codes with minima from a GGUF file: emitted hardware computes with them as they are."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from gguf.constants import GGMLQuantizationType

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.reference.integer_model import IntegerModel
from tests.e2e.machine import Machine
from tests.frontend.gguf.files import write_llama
from tests.tiny import TINY_LLAMA, tiny_decoder

ALIGNED = replace(TINY_LLAMA, features=64, hidden=96)


def test_every_stream_equals_the_reference(
    machine_of: Callable[..., Machine], tmp_path: Path
) -> None:
    kind = GGMLQuantizationType.Q4_1
    model = load(write_llama(tmp_path / "m.gguf", tiny_decoder(ALIGNED), type=kind))
    quantization = QuantConfig(number_format="int4g32m", tokens=64)
    choices = BuildConfig(quantization=quantization, multipliers=32)
    design = compile_model(model, load_board("sim"), choices)
    machine = machine_of(design=design, of=model, observed=True)
    golden = IntegerModel(machine.quantized, layer_table().reference)
    prompt = [(7 * n + 3) % 60 for n in range(9)]
    answer = machine.answer(prompt, 12, check=True, stalls=0.3, seed=1)
    assert [t.token for t in answer.tokens] == list(golden.generate(prompt, 12))
    assert answer.compared is not None and answer.compared.streams >= 20
    real = machine.answer(prompt, 4)
    predicted = Estimate.placed(design).answer(len(prompt), len(prompt) + 4)
    cycles = [t.cycles for t in real.tokens]
    assert predicted.prompt == pytest.approx(cycles[0], rel=0.05)
    assert predicted.tokens[-1] == pytest.approx(cycles[-1], rel=0.05)
