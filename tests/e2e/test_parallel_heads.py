# SPDX-License-Identifier: Apache-2.0
"""Parallel heads in attention: whole models whose streams are still as the reference says."""

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
from streamhw.graph import Attention
from streamhw.quantization.config import QuantConfig
from tests.e2e.machine import Machine
from tests.tiny import write_tiny


def with_parallel_heads(
    model: Model, board: Board, heads: int, config: BuildConfig | None = None
) -> PlacedNetlist:
    """The default design, but with so many parallel heads."""
    config = config or BuildConfig()
    tiling = compile_model(model, board, config, stop="tile").tiling
    (op,) = (node.op for node, _ in model.graph.walk() if isinstance(node.op, Attention))
    tiling = replace(tiling, attention_heads=heads, attention_lanes=op.head_dim)
    return compile_model(model, board, replace(config, tiling=tiling))


@pytest.mark.parametrize("width", [pytest.param(128, marks=pytest.mark.slow), 512])
def test_every_stream_of_a_tiny_model(
    width: int, machine_of: Callable[..., Machine], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Two memory beats a position, and two positions a memory beat."""
    tiny = load(str(write_tiny(tmp_path_factory.mktemp("model") / "tiny", features=32, hidden=64)))
    board = load_board("sim")
    board = replace(board, ports=tuple(replace(port, width=width) for port in board.ports))
    config = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
    machine = machine_of(design=with_parallel_heads(tiny, board, 2, config), of=tiny, observed=True)
    for stalls in (0.0, 0.3):
        answer = machine.answer([5, 9, 33, 2, 1, 17, 8, 4, 60, 11], 5, check=True, stalls=stalls)
        assert len(answer.tokens) == 5


@pytest.mark.slow
@pytest.mark.parametrize("heads", [2, 4])
def test_every_stream_and_the_predicted_cycles(
    heads: int, model: Model, prompts: list[list[int]], machine_of: Callable[..., Machine]
) -> None:
    design = with_parallel_heads(model, load_board("sim"), heads)
    machine = machine_of(design=design, observed=True)
    prompt = prompts[5]
    answer = machine.answer(prompt, 3, check=True)
    assert len(answer.tokens) == 3
    predicted = Estimate.placed(design).answer(len(prompt), len(prompt) + 3)
    for found, cycles in zip(answer.tokens, (predicted.prompt, *predicted.tokens), strict=True):
        assert abs(cycles / found.cycles - 1) < 0.05, (found.cycles, cycles)
