# SPDX-License-Identifier: Apache-2.0
"""Norms of rows that one feature fills, but for a word: two digits, and hardware follows."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers import norm
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

WORD = 7


def uneven_norms() -> Model:
    """Feature 0 fills the rows of all words but one, which needs a wide range for all others."""

    def filled(table: Floats) -> Floats:
        table[:, 0] = 40 * np.abs(table).max()
        table[WORD, 0] = 0
        return table

    def blind(weight: Floats) -> Floats:
        weight[:, 0] *= np.float32(0.01)
        return weight

    projections = ("self_attn.q", "self_attn.k", "self_attn.v", "mlp.gate", "mlp.up")
    changes = {
        f"model.layers.{layer}.{name}_proj.weight": blind
        for name in projections
        for layer in range(2)
    }
    return planted(tiny_decoder(), {"model.embed_tokens.weight": filled, **changes})


def test_8_bits_would_lose_much(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = uneven_norms(), np.random.default_rng(3).integers(0, 60, (4, 32))
    found = {}
    for coarse in (norm.COARSE_NORM, 1.0):
        monkeypatch.setattr(norm, "COARSE_NORM", coarse)
        quantized = quantize(model, layer_table().quantization, QuantConfig(weight_bits=8))
        result = diagnose(model, model, quantized, layer_table().reference, rows)
        found[quantized.formats["norm_1"]] = {(s.name, s.layer): s for s in result.streams}
    for name in ("norm_1", "norm_2"):
        assert found[DIGITS][name, 0].own < found[BYTE][name, 0].own / 10
        byte, digits = (found[fmt][name, 0].integer for fmt in (BYTE, DIGITS))
        assert byte is not None and digits is not None and digits < byte / 3


def test_random_weights_and_usual_norms_keep_8_bits() -> None:
    for model in (tiny_decoder(), replace(uneven_norms(), origin=Origin.RANDOM)):
        quantized = quantize(model, layer_table().quantization, QuantConfig(weight_bits=8))
        assert quantized.formats["norm_1"] == BYTE and quantized.plan.exceptions == ""


def test_every_stream_equals_the_reference(machine_of: Callable[..., Machine]) -> None:
    model = uneven_norms()
    choices = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
    design = compile_model(model, load_board("sim"), choices)
    assert {design.quantization.formats[name] for name in ("norm_1", "norm_2")} == {DIGITS}
    machine = machine_of(design=design, of=model, observed=True)
    check_streams(machine)
    check_cycles(machine)
