# SPDX-License-Identifier: Apache-2.0
"""Tiny models of two families, quantized, with what decides how their parameters lie in memory."""

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.memory_access import memory_context
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend.model import Model
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.quantizer import quantize
from tests.compiler.layers.placed import Placed
from tests.tiny import tiny_decoder


@pytest.fixture(scope="session")
def families(tiny: Model) -> tuple[Placed, ...]:
    """A GPT-2 and a Llama of two layers."""
    found = []
    for model in (tiny, tiny_decoder()):
        config = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
        mapped = compile_model(model, load_board("sim"), config, stop="tile")
        quantized = quantize(model, layer_table().quantization, config.quantization)
        found.append(Placed(memory_context(mapped), quantized))
    return tuple(found)
