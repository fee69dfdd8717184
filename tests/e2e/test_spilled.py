# SPDX-License-Identifier: Apache-2.0
"""Values in external memory: with little memory between kernels, answers stay what they are."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from tests.e2e.machine import Machine
from tests.tiny import write_tiny


@pytest.fixture(scope="module")
def spilled(
    machine_of: Callable[..., Machine], tmp_path_factory: pytest.TempPathFactory
) -> Machine:
    """A tiny model on memory beats of 128 bits, with half of what it takes on chip."""
    model = load(
        str(write_tiny(tmp_path_factory.mktemp("model") / "wide", features=64, hidden=128))
    )
    board = load_board("sim")
    board = replace(board, ports=tuple(replace(port, width=128) for port in board.ports))
    config = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
    bits = compile_model(model, board, config).fused.bits * 6 // 10
    design = compile_model(model, board, replace(config, on_chip_bits=bits))
    assert len(design.fused.cuts) >= 2
    return machine_of(design=design, of=model, observed=True)


@pytest.mark.parametrize(("stalls", "seed"), [(0.0, 0), (0.3, 1)])
def test_every_stream_is_as_the_reference_says(spilled: Machine, stalls: float, seed: int) -> None:
    answer = spilled.answer(
        [5, 9, 33, 2, 1, 17, 8, 4, 60, 11], 5, check=True, stalls=stalls, seed=seed
    )
    assert len(answer.tokens) == 5
