# SPDX-License-Identifier: Apache-2.0
"""A tiny model to explore, its space, and a small part of it."""

from dataclasses import replace

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.explore.evaluate import Evaluator
from streamhw.compiler.explore.explore import space_for
from streamhw.compiler.explore.objective import (
    Outcome,
)
from streamhw.compiler.explore.space import Space
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend.model import Model
from streamhw.quantization.config import QuantConfig


@pytest.fixture(scope="module")
def evaluator(tiny: Model) -> Evaluator:
    config = BuildConfig(quantization=QuantConfig(scale_group=32))
    design = compile_model(tiny, load_board("sim"), config, stop="quantize")
    return Evaluator(design=design, prompt=5, tokens=4)


@pytest.fixture(scope="module")
def space(evaluator: Evaluator) -> Space:
    return space_for(evaluator)


@pytest.fixture(scope="module")
def small(space: Space) -> Space:
    """One engine of few sizes, tokens of a step."""
    one = next(space.partitions())
    few = replace(space, sharing=one, groups=(4, 8), lanes=(4,), most=8, _legal={})
    return replace(few, attention_lanes=(4,))


@pytest.fixture(scope="module")
def outcomes(evaluator: Evaluator, small: Space) -> dict[str, Outcome]:
    """Of every choice of the small space."""
    return {choice.key: evaluator(choice) for choice in small.choices(10_000)}
