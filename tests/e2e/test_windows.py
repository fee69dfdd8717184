# SPDX-License-Identifier: Apache-2.0
"""Sliding windows in every other layer: streams as the reference says, and fewer cycles."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.mapping.row_windows import row_windows
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend.decoder_config import DecoderConfig
from streamhw.frontend.model import Model
from streamhw.quantization.config import QuantConfig
from streamhw.reference.integer_model import IntegerModel
from tests.e2e.machine import Machine
from tests.tiny import TINY_GEMMA, TINY_LLAMA, tiny_decoder

CHOICES = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
LAYERS: dict[str, object] = {"context": 64, "layers": 3, "windows": (8, None)}
LLAMA: DecoderConfig = replace(TINY_LLAMA, **LAYERS)
GEMMA: DecoderConfig = replace(TINY_GEMMA, **LAYERS)


def design_of(model: Model, *, width: int = 64, positions: int = 1) -> PlacedNetlist:
    """With so wide a memory; several positions pass with all heads in parallel."""
    board = load_board("sim")
    board = replace(board, ports=tuple(replace(port, width=width) for port in board.ports))
    if positions == 1:
        return compile_model(model, board, CHOICES)
    tiling = compile_model(model, board, CHOICES, stop="tile").tiling
    tiling = replace(
        tiling,
        attention_heads=LLAMA.heads,
        attention_lanes=LLAMA.head_dim,
        attention_positions=positions,
    )
    return compile_model(model, board, replace(CHOICES, tiling=tiling))


@pytest.mark.parametrize(
    ("config", "width", "positions", "together"),
    [
        pytest.param(LLAMA, 256, 1, 4, id="four rows a beat"),
        pytest.param(GEMMA, 128, 1, 1, id="rows of two beats", marks=pytest.mark.slow),
        pytest.param(LLAMA, 512, 2, 4, id="parallel positions", marks=pytest.mark.slow),
    ],
)
def test_every_stream_equals_the_reference(
    machine_of: Callable[..., Machine],
    config: DecoderConfig,
    width: int,
    positions: int,
    together: int,
) -> None:
    """Prompts and answers that are longer than the window, and steps that are: 8 tokens of 4 rows
    each."""
    model = tiny_decoder(config)
    design = design_of(model, width=width, positions=positions)
    windows = row_windows(design.graph, design.tiling, design.board.beat_bits, design.cache_bits)
    assert windows.widths == (8, 64, 8) and windows.together == together
    machine = machine_of(design=design, of=model, observed=True)
    golden = IntegerModel(machine.quantized, layer_table().reference)
    for length, count, stalls in ((3, 4, 0.0), (21, 20, 0.0), (1, 12, 0.3), (40, 24, 0.3)):
        prompt = [(7 * n + length) % 60 for n in range(length)]
        answer = machine.answer(prompt, count, check=True, stalls=stalls, seed=length)
        assert [t.token for t in answer.tokens] == list(golden.generate(prompt, count))
        assert answer.compared is not None and answer.compared.streams >= 45


def test_late_tokens_take_fewer_cycles_and_less_traffic(
    machine_of: Callable[..., Machine],
) -> None:
    """Predicted and simulated, beside the same model without windows."""
    prompt, count = [(7 * n + 5) % 60 for n in range(40)], 24
    cycles, predicted, read = [], [], []
    for config in (LLAMA, replace(LLAMA, windows=())):
        model = tiny_decoder(config)
        design = design_of(model, width=256)
        answer = machine_of(design=design, of=model).answer(prompt, count)
        expected = Estimate.placed(design).answer(len(prompt), len(prompt) + count)
        cycles.append([token.cycles for token in answer.tokens])
        predicted.append([expected.prompt, *expected.tokens])
        read.append(answer.read_bytes)
        for found, wanted in zip(cycles[-1], predicted[-1], strict=True):
            assert abs(wanted / found - 1) < 0.03, (found, wanted)
    for windowed, plain in (cycles, predicted):
        assert all(a < b for a, b in zip(windowed, plain, strict=True))
        # From the first token to the last, only one of three layers has more positions to see.
        assert windowed[-1] - windowed[1] < 0.5 * (plain[-1] - plain[1])
    assert read[0] < read[1]
