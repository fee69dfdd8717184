# SPDX-License-Identifier: Apache-2.0
"""Attention scores have the range that calibration saw, so that large ones do not saturate."""

from pathlib import Path

import numpy as np
import pytest

from streamhw.api.evaluate import quantize_on
from streamhw.boards.base import load_board
from streamhw.compiler.layers.table import layer_table
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.quantization.config import SCORES, QuantConfig
from streamhw.quantization.plan import AttentionPlan
from streamhw.reference.diagnose import diagnose
from tests.planted import planted
from tests.tiny import write_tiny

ROWS = np.random.default_rng(3).integers(0, 60, (4, 32))


def with_scores(folder: Path, factor: float) -> Model:
    """A tiny model whose queries and keys are larger, and so its scores by the square."""
    model = load(str(write_tiny(folder, features=32)))

    def larger(weight: np.ndarray) -> np.ndarray:
        weight[..., :64] *= np.float32(factor)
        return weight

    names = [name for name in model.weights if ".attn.c_attn." in name]
    assert len(names) == 4
    return planted(model, dict.fromkeys(names, larger))


@pytest.mark.parametrize(("factor", "most"), [(1.0, SCORES.frac), (8.0, 9), (24.0, 6)])
def test_scores_are_as_wide_as_they_were_seen(tmp_path: Path, factor: float, most: int) -> None:
    model = with_scores(tmp_path / "tiny", factor)
    padded, quantized = quantize_on(load_board("sim"), model)(QuantConfig(weight_bits=8))
    plan = quantized.plan.of("attention", AttentionPlan)
    assert plan.scores.width == SCORES.width and plan.scores.frac <= most
    assert factor > 1 or plan.scores == SCORES
    found = diagnose(model, padded, quantized, layer_table().reference, ROWS)
    clipped = [stream.clipped for stream in found.streams if stream.scores]
    assert max(clipped, default=0.0) < (0.001 if factor == 1 else 0.35)
    # the rows' tops do not saturate: what is attended to is right
    assert abs(found.integer.nats - found.fake.nats) < 0.02 + 0.2 * found.fake.nats
