# SPDX-License-Identifier: Apache-2.0
"""Scores far beyond the usual range: hardware follows the reference with their coarser step."""

from collections.abc import Callable
from pathlib import Path

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.pipeline import compile_model
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.plan import AttentionPlan
from tests.e2e.agreement import check_streams
from tests.e2e.machine import Machine
from tests.quantization.test_score_range import with_scores

CHOICES = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)


@pytest.mark.parametrize("factor", [8.0, 24.0])
def test_every_stream_equals_the_reference(
    machine_of: Callable[..., Machine], tmp_path: Path, factor: float
) -> None:
    model = with_scores(tmp_path / "tiny", factor)
    design = compile_model(model, load_board("sim"), CHOICES)
    assert design.quantization.of("attention", AttentionPlan).scores.frac < 10
    machine = machine_of(design=design, of=model, observed=True)
    check_streams(machine)
