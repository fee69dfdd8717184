# SPDX-License-Identifier: Apache-2.0
"""Tiny decoders of the Llama family: the emitted Verilog writes what the integer reference says."""

from collections.abc import Callable

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend.decoder_config import DecoderConfig
from streamhw.quantization.config import QuantConfig
from streamhw.reference.integer_model import IntegerModel
from tests.e2e.machine import Machine
from tests.tiny import (
    TINY_BIASED,
    TINY_GEMMA,
    TINY_LLAMA,
    TINY_QWEN,
    TINY_QWEN3,
    tiny_decoder,
)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(TINY_LLAMA, id="llama"),
        pytest.param(TINY_QWEN, id="qwen", marks=pytest.mark.slow),
        pytest.param(TINY_QWEN3, id="qwen3", marks=pytest.mark.slow),
        pytest.param(TINY_GEMMA, id="gemma", marks=pytest.mark.slow),
        pytest.param(TINY_BIASED, id="biases and scaled angles", marks=pytest.mark.slow),
    ],
)
def test_every_stream_equals_the_reference(
    machine_of: Callable[..., Machine], config: DecoderConfig
) -> None:
    choices = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
    model = tiny_decoder(config)
    design = compile_model(model, load_board("sim"), choices)
    machine = machine_of(design=design, of=model, observed=True)
    assert machine.library.warnings == ()
    golden = IntegerModel(machine.quantized, layer_table().reference)
    for prompt, stalls in (([1, 2, 3], 0.0), ([7], 0.0), (list(range(5, 18)), 0.3)):
        answer = machine.answer(prompt, 6, check=True, stalls=stalls, seed=3)
        assert [t.token for t in answer.tokens] == list(golden.generate(prompt, 6))
        assert answer.compared is not None and answer.compared.streams >= 45
        depths = design.queues
        assert all(peak <= depths[name] for name, peak in answer.peaks.items())
