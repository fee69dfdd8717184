# SPDX-License-Identifier: Apache-2.0
"""Models whose rows no engine divides: padded inside, equal to the integer reference outside."""

from collections.abc import Callable
from pathlib import Path

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.frontend.decoder import DecoderConfig
from streamhw.reference.integer_model import IntegerModel
from tests.e2e.machine import Machine
from tests.tiny import tiny_decoder, write_tiny

ODD = DecoderConfig(
    layers=2,
    features=44,
    hidden=341,
    heads=6,
    kv_heads=3,
    head_dim=10,
    vocabulary=61,
    context=17,
    head_norms=True,
    outer_norms=True,
)


def check(machine: Machine) -> None:
    golden = IntegerModel(machine.quantized, layer_table().reference)
    for prompt, stalls in (([1, 2, 3], 0.0), ([7], 0.3)):
        answer = machine.answer(prompt, 5, check=True, stalls=stalls, seed=4)
        assert [t.token for t in answer.tokens] == list(golden.generate(prompt, 5))


def test_a_decoder_of_odd_sizes(machine_of: Callable[..., Machine]) -> None:
    model = tiny_decoder(ODD)
    design = compile_model(model, load_board("sim"))
    assert design.graph.shapes["x"][-1] == 64
    check(machine_of(design=design, of=model, observed=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("heads", "head_dim", "hidden", "vocabulary", "context"),
    [(7, 1, 1, 2, 2), (3, 25, 172, 7, 9), (1, 100, 64, 257, 16)],
)
def test_a_gpt_of_odd_sizes(
    machine_of: Callable[..., Machine],
    tmp_path: Path,
    heads: int,
    head_dim: int,
    hidden: int,
    vocabulary: int,
    context: int,
) -> None:
    folder = write_tiny(
        tmp_path / "odd",
        features=heads * head_dim,
        heads=heads,
        hidden=hidden,
        vocabulary=vocabulary,
        context=context,
    )
    model = load(str(folder))
    machine = machine_of(design=compile_model(model, load_board("sim")), of=model, observed=True)
    golden = IntegerModel(machine.quantized, layer_table().reference)
    count = min(4, context - 1)
    answer = machine.answer([1], count, check=True)
    assert [t.token for t in answer.tokens] == list(golden.generate([1], count))
