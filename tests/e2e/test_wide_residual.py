# SPDX-License-Identifier: Apache-2.0
"""An outlier feature far beyond all others: the residual stream is wider, and hardware follows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.quantization.config import RESIDUAL_WIDTH, QuantConfig
from streamhw.reference.diagnose import diagnose
from tests.e2e.agreement import check_streams
from tests.e2e.machine import Machine
from tests.planted import planted
from tests.tiny import TINY_LLAMA, tiny_decoder, write_tiny

CHOICES = BuildConfig(quantization=QuantConfig(weight_bits=8), multipliers=32)
OUTLIER = 5


def with_outlier(folder: Path) -> Model:
    """The last layer adds thousands to one feature."""
    model = load(str(write_tiny(folder)))

    def larger(bias: np.ndarray) -> np.ndarray:
        bias[OUTLIER] = 9000.0
        return bias

    return planted(model, {"h.1.mlp.c_proj.bias": larger})


def without_bias() -> Model:
    """The same in a model with RMS norms."""
    model = tiny_decoder(TINY_LLAMA)

    def larger(weight: np.ndarray) -> np.ndarray:
        weight[OUTLIER] *= 4000.0
        return weight

    return planted(model, {"model.layers.1.mlp.down_proj.weight": larger})


@pytest.mark.parametrize("normed", ["layer norm", "RMS norm"])
def test_every_stream_equals_the_reference(
    machine_of: Callable[..., Machine], tmp_path: Path, normed: str
) -> None:
    model = with_outlier(tmp_path / "tiny") if normed == "layer norm" else without_bias()
    design = compile_model(model, load_board("sim"), CHOICES)
    residual = design.quantization.formats[design.graph.loops[0].name]
    assert residual.width > RESIDUAL_WIDTH
    assert residual.maximum * residual.step > 4000
    machine = machine_of(design=design, of=model, observed=True)
    rows = np.random.default_rng(3).integers(0, 60, (2, 32))
    found = diagnose(model, model, machine.quantized, layer_table().reference, rows)
    (embedding,) = [s for s in found.streams if s.name == "embedding"]
    assert embedding.integer is not None and embedding.integer < 0.005
    check_streams(machine)
