# SPDX-License-Identifier: Apache-2.0
"""Norms: their parameters in memory, and formats that their readers want."""

import numpy as np
import pytest

from streamhw.compiler.layers import norm
from streamhw.compiler.layers.norm import LAYER_NORM, RMS_NORM
from streamhw.compiler.layers.table import layer_table
from streamhw.graph import Floats
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.formats import DIGITS
from streamhw.quantization.plan import NormPlan
from streamhw.quantization.quantized_model import NormParameters
from streamhw.quantization.quantizer import quantize
from tests.compiler.layers.placed import Placed, check_segments
from tests.planted import planted
from tests.tiny import tiny_decoder


def test_affine_parameters_fill_their_beats(families: tuple[Placed, ...]) -> None:
    assert check_segments(families[0], LAYER_NORM) == 3
    assert check_segments(families[1], RMS_NORM) >= 3


def test_only_layer_norms_are_centered(families: tuple[Placed, ...]) -> None:
    for placed, layer, centered in (
        (families[0], LAYER_NORM, True),
        (families[1], RMS_NORM, False),
    ):
        for node, _ in placed.nodes(layer):
            plan = placed.context.quantization.of(node.name, NormPlan)
            assert plan.centered is centered
            assert plan.out.width <= 16


@pytest.mark.parametrize("small", [1e-4, 0.01, 1.0])
def test_gammas_of_two_digits_are_exact(small: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one feature fills the rows, the others are small, and want large gammas."""

    def filled(table: Floats) -> Floats:
        table[:, 1:] *= np.float32(small)
        return table

    monkeypatch.setattr(norm, "COARSE_NORM", 0.0)
    model = planted(tiny_decoder(), {"model.embed_tokens.weight": filled})
    made = quantize(model, layer_table().quantization, QuantConfig(scale_group=32))
    assert made.formats["norm_1"] == DIGITS
    plan = made.plan.of("norm_1", NormPlan)
    for layer in range(2):
        codes = made.fed("norm_1", layer, NormParameters).gamma.astype(np.float64)
        real = model.weights[f"model.layers.{layer}.input_layernorm.weight"]
        found = np.ldexp(codes, -plan.gamma_frac) * made.scales("norm_1", layer)
        np.testing.assert_allclose(found, real, rtol=1e-6)
