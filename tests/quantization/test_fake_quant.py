# SPDX-License-Identifier: Apache-2.0
"""Fake quantization: what products and attention read has the steps that the hardware has."""

import numpy as np
import pytest

from streamhw.compiler.layers.table import layer_table
from streamhw.frontend import Model, load
from streamhw.graph import Array, Node
from streamhw.graph.executor import execute
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.fake_quant import fake_compute
from streamhw.quantization.formats import BYTE, DIGITS
from streamhw.quantization.quantizer import quantize
from tests.tiny import TINY_LLAMA, tiny_decoder

MODELS = [load("gpt2-shakespeare", layers=2), tiny_decoder(TINY_LLAMA)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_operands_are_whole_steps(model: Model) -> None:
    """Whoever makes them: norms, attention, rotations, and matrix products that attention reads."""
    quantized = quantize(model, layer_table().quantization, QuantConfig(weight_bits=8))
    exact, seen = fake_compute(model, quantized), set[str]()

    def compute(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> Array:
        value = exact(node, layer, inputs)
        fmt = quantized.formats[node.name]
        if fmt.width in (BYTE.width, DIGITS.width):
            codes = value / np.asarray(quantized.scales(node.name, layer), dtype=np.float32)
            whole = np.rint(codes)
            assert np.abs(codes - whole).max() < 0.01, (node.name, layer)
            assert fmt.minimum <= whole.min() and whole.max() <= fmt.maximum, (node.name, layer)
            seen.add(node.name)
        return value

    execute(model.graph, np.arange(12) % model.graph.vocabulary, compute)
    assert {"v", "attention", "norm_1"} <= seen
