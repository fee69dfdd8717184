# SPDX-License-Identifier: Apache-2.0
"""Errors that a build keeps are those that ``doctor`` finds on the same tokens."""

import numpy as np
import pytest

from streamhw.api.evaluate import quantize_on
from streamhw.boards.base import load_board
from streamhw.compiler.layers.table import layer_table
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.reference.diagnose import diagnose, fake_quality, rounding_errors
from tests.tiny import write_tiny

TOKENS = np.random.default_rng(3).integers(0, 60, 32)


@pytest.mark.parametrize("bits", [4, 8])
def test_errors_and_quality(bits: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    model = load(str(write_tiny(tmp_path_factory.mktemp("models") / "tiny")))
    padded, quantized = quantize_on(load_board("sim"), model)(QuantConfig(weight_bits=bits))
    quality, errors = rounding_errors(padded, quantized, TOKENS)
    wanted = fake_quality(model, padded, quantized, TOKENS)
    assert quality.tokens == wanted.tokens and quality.nats == pytest.approx(wanted.nats, rel=1e-3)
    found = diagnose(model, padded, quantized, layer_table().reference, TOKENS[None, :])
    streams = [s for s in found.streams if not s.scores]
    assert [(e.value, e.layer, e.own, e.whole, e.weights) for e in errors] == [
        (s.name, s.layer, s.own, s.fake, s.weights) for s in streams
    ]
