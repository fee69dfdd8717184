# SPDX-License-Identifier: Apache-2.0
"""Norms of what is added to the residual stream: layers may differ a thousandfold in their size."""

from collections.abc import Callable

import numpy as np

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend.model import Model
from streamhw.graph import RmsNorm
from streamhw.quantization.config import QuantConfig
from streamhw.reference.diagnose import diagnose
from tests.e2e.agreement import check_streams
from tests.e2e.machine import Machine
from tests.planted import planted
from tests.tiny import TINY_GEMMA, tiny_decoder

CHOICES = BuildConfig(quantization=QuantConfig(weight_bits=8), multipliers=32)
RATIO = 1000.0


def unlike_layers() -> Model:
    """The last layer adds far more than the first one, as in Gemma 3."""
    last = TINY_GEMMA.layers - 1
    return planted(
        tiny_decoder(TINY_GEMMA),
        {
            f"model.layers.{last}.{name}.weight": lambda weight: RATIO * (1 + weight) - 1
            for name in ("post_attention_layernorm", "post_feedforward_layernorm")
        },
    )


def test_first_layers_lose_nothing_to_the_size_of_the_last(
    machine_of: Callable[..., Machine],
) -> None:
    model = unlike_layers()
    design = compile_model(model, load_board("sim"), CHOICES)
    machine = machine_of(design=design, of=model, observed=True)
    rows = np.random.default_rng(3).integers(0, TINY_GEMMA.vocabulary, (2, 32))
    found = diagnose(model, model, machine.quantized, layer_table().reference, rows)
    added = {
        node.name
        for node, _ in model.graph.walk()
        if isinstance(node.op, RmsNorm) and design.quantization.formats[node.name].width > 16
    }
    assert len(added) == 2
    for stream in found.streams:
        if stream.name in added and stream.layer == 0:
            assert stream.fake is not None and stream.integer is not None
            assert stream.integer < stream.fake + 0.01
    check_streams(machine)
