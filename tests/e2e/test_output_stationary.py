# SPDX-License-Identifier: Apache-2.0
"""Engines whose innermost loop is that over inputs: the same streams, and the predicted cycles."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from streamhw.boards.base import Board, load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.quantization.config import QuantConfig
from streamhw.stream.loop_order import LoopOrder
from tests.e2e.machine import Machine
from tests.tiny import write_tiny


def permuted(model: Model, board: Board, config: BuildConfig) -> PlacedNetlist:
    """The default design, but for the loops of its engines."""
    tiling = compile_model(model, board, config, stop="tile").tiling
    engines = {
        name: replace(engine, loop_order=LoopOrder.OUTPUT_STATIONARY)
        for name, engine in tiling.engines.items()
    }
    config = replace(config, multipliers=None, tiling=replace(tiling, engines=engines))
    return compile_model(model, board, config)


def test_every_stream_of_a_tiny_model(
    machine_of: Callable[..., Machine], tmp_path_factory: pytest.TempPathFactory
) -> None:
    tiny = load(str(write_tiny(tmp_path_factory.mktemp("model") / "tiny", features=32, hidden=64)))
    config = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
    machine = machine_of(design=permuted(tiny, load_board("sim"), config), of=tiny, observed=True)
    for stalls in (0.0, 0.3):
        answer = machine.answer([5, 9, 33, 2, 1, 17, 8, 4, 60, 11], 5, check=True, stalls=stalls)
        assert len(answer.tokens) == 5


@pytest.mark.slow
def test_every_stream_and_the_predicted_cycles(
    model: Model, prompts: list[list[int]], machine_of: Callable[..., Machine]
) -> None:
    """A prompt is done sooner than with tokens loop_order: work begins with its first row."""
    design = permuted(model, load_board("sim"), BuildConfig())
    machine = machine_of(design=design, observed=True)
    default = Estimate.placed(compile_model(model, load_board("sim"), BuildConfig()))
    for prompt in (prompts[0], prompts[5]):
        answer = machine.answer(prompt, 3, check=True)
        predicted = Estimate.placed(design).answer(len(prompt), len(prompt) + 3)
        for found, cycles in zip(answer.tokens, (predicted.prompt, *predicted.tokens), strict=True):
            print(f"{len(prompt)} tokens: {found.cycles:,} cycles, {cycles:,.0f} predicted")
            assert abs(cycles / found.cycles - 1) < 0.05, (found.cycles, cycles)
        if len(prompt) > 1:
            usual = default.answer(len(prompt), len(prompt) + 1).prompt
            print(f"tokens loop_order: {usual:,.0f} predicted")
            assert predicted.prompt < usual
