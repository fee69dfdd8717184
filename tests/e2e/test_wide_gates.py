# SPDX-License-Identifier: Apache-2.0
"""Products of gates that are seldom large, but then very: two digits, and hardware follows."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers import elementwise
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend.model import Model, Origin
from streamhw.graph import Floats
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.formats import BYTE, DIGITS
from streamhw.quantization.quantizer import quantize
from streamhw.reference.diagnose import diagnose
from tests.e2e.agreement import check_cycles, check_streams
from tests.e2e.machine import Machine
from tests.planted import planted
from tests.tiny import tiny_decoder

TOKEN = 7


def heavy_gates() -> Model:
    """One word of the vocabulary makes products a hundred times as large as others do."""
    model = tiny_decoder()
    word = model.weights["model.embed_tokens.weight"][TOKEN]
    signs = np.sign(np.random.default_rng(4).standard_normal(64)).astype(np.float32)

    def larger(weight: Floats) -> Floats:
        weight += 15 * np.outer(np.abs(signs), word) / (word @ word)
        return weight

    def either(weight: Floats) -> Floats:
        weight += 15 * np.outer(signs, word) / (word @ word)
        return weight

    return planted(
        model,
        {
            "model.layers.0.mlp.gate_proj.weight": larger,
            "model.layers.0.mlp.up_proj.weight": either,
        },
    )


def test_8_bits_would_lose_much(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = heavy_gates(), np.random.default_rng(3).integers(0, 60, (4, 32))
    found = {}
    for coarse in (0.1, 1.0):
        monkeypatch.setattr(elementwise, "_COARSE", coarse)
        quantized = quantize(model, layer_table().quantization, QuantConfig(weight_bits=8))
        result = diagnose(model, model, quantized, layer_table().reference, rows)
        found[quantized.formats["gated"]] = result
    assert found[BYTE].integer.nats > max(0.2, 10 * found[DIGITS].integer.nats)
    for name in ("gated", "mlp_out"):
        byte, digits = (
            [s.integer for s in found[fmt].streams if s.name == name][-1] for fmt in (BYTE, DIGITS)
        )
        assert byte is not None and digits is not None and digits < byte / 3


def test_random_weights_and_usual_gates_keep_8_bits() -> None:
    for model in (tiny_decoder(), replace(heavy_gates(), origin=Origin.RANDOM)):
        quantized = quantize(model, layer_table().quantization, QuantConfig(weight_bits=8))
        assert quantized.formats["gated"] == BYTE and quantized.plan.exceptions == ""


@pytest.mark.parametrize("bits", [4, 8])
def test_every_stream_equals_the_reference(machine_of: Callable[..., Machine], bits: int) -> None:
    model = heavy_gates()
    quantization = QuantConfig(weight_bits=bits, scale_group=32)
    choices = BuildConfig(quantization=quantization, multipliers=32)
    design = compile_model(model, load_board("sim"), choices)
    assert design.quantization.formats["gated"] == DIGITS
    assert design.quantization.exceptions == ", 15-bit gated"
    machine = machine_of(design=design, of=model, observed=True)
    check_streams(machine)
    check_cycles(machine)
