# SPDX-License-Identifier: Apache-2.0
"""Parallel positions in attention: whole models whose streams are as the reference says."""

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


def with_parallel_positions(
    model: Model, board: Board, positions: int, config: BuildConfig
) -> PlacedNetlist:
    """The default design, but with all heads and so many positions in parallel."""
    tiling = compile_model(model, board, config, stop="tile").tiling
    (op,) = (node.op for node, _ in model.graph.walk() if isinstance(node.op, Attention))
    tiling = replace(
        tiling,
        attention_heads=op.heads,
        attention_lanes=op.head_dim,
        attention_positions=positions,
    )
    return compile_model(model, board, replace(config, tiling=tiling))


@pytest.mark.parametrize(
    ("width", "positions"),
    [
        pytest.param(128, 2, marks=pytest.mark.slow),
        (512, 2),
        pytest.param(512, 4, marks=pytest.mark.slow),
    ],
)
def test_every_stream_of_a_tiny_model(
    width: int,
    positions: int,
    machine_of: Callable[..., Machine],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Two memory beats a position, and two positions a memory beat; lengths of all kinds, and as
    long as the context."""
    tiny = load(str(write_tiny(tmp_path_factory.mktemp("model") / "tiny", features=32, hidden=64)))
    board = load_board("sim")
    board = replace(board, ports=tuple(replace(port, width=width) for port in board.ports))
    config = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
    machine = machine_of(
        design=with_parallel_positions(tiny, board, positions, config), of=tiny, observed=True
    )
    prompt = [5, 9, 33, 2, 1, 17, 8, 4, 60, 11]
    for length, count, stalls in ((10, 22, 0.0), (9, 5, 0.0), (10, 5, 0.3), (1, 4, 0.3)):
        answer = machine.answer(prompt[:length], count, check=True, stalls=stalls)
        assert len(answer.tokens) == count


@pytest.mark.slow
def test_every_stream_and_the_predicted_cycles(
    model: Model, prompts: list[list[int]], machine_of: Callable[..., Machine]
) -> None:
    design = with_parallel_positions(model, load_board("sim"), 2, BuildConfig())
    machine = machine_of(design=design, observed=True)
    prompt = prompts[5]
    answer = machine.answer(prompt, 3, check=True)
    assert len(answer.tokens) == 3
    predicted = Estimate.placed(design).answer(len(prompt), len(prompt) + 3)
    for found, cycles in zip(answer.tokens, (predicted.prompt, *predicted.tokens), strict=True):
        assert abs(cycles / found.cycles - 1) < 0.05, (found.cycles, cycles)
