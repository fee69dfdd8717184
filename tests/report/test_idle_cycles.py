# SPDX-License-Identifier: Apache-2.0
"""What a layer waits for: the share of it that neither engine nor memory needs."""

from pathlib import Path

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.report.idle_cycles import LayerCycles, layer_cycles
from tests.tiny import write_tiny


@pytest.mark.parametrize(
    ("engine", "memory", "share"), [(85, 40, 0.15), (40, 90, 0.1), (100, 100, 0), (101, 7, 0)]
)
def test_bubbles_are_what_the_busier_one_leaves(engine: int, memory: int, share: float) -> None:
    layer = LayerCycles(interval=100.0, engine=engine, memory=memory)
    assert layer.idle_share == pytest.approx(share)


def test_layer_of_a_design(tmp_path: Path) -> None:
    model = load(str(write_tiny(tmp_path / "tiny")))
    board = load_board("sim")
    config = BuildConfig(quantization=QuantConfig(weight_bits=8), multipliers=32)
    design = compile_model(model, board, config)
    estimate = Estimate.placed(design)
    early, late = (layer_cycles(estimate, context) for context in (1, 30))
    shape = design.graph.loops[0]
    weights = (4 + 2 * 2) * 32 * 32  # hidden rows are twice as long; the head is none of a layer
    assert early.engine == late.engine == weights / 32
    stored = design.memory.stride
    assert stored > weights
    rate = board.ports[0].width / 8 * board.memory_times.rate
    assert early.memory == pytest.approx((stored + 2 * 32) / rate)
    assert late.memory == pytest.approx((stored + 30 * 2 * 32) / rate)
    assert max(early.engine, early.memory) <= early.interval < late.interval
    token = estimate.answer(30, 32).tokens[0]
    assert shape.trips * late.interval < token
