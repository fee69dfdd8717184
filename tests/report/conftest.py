# SPDX-License-Identifier: Apache-2.0
"""A tiny design, what reports show of it, and a run that might have been measured."""

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.report.facts import Facts
from streamhw.report.facts_of_design import gather
from streamhw.report.measured import Measured, StepTimes, StreamWaits
from streamhw.report.summary import Summary, summarize
from tests.tiny import write_tiny

CONFIG = BuildConfig(quantization=QuantConfig(weight_bits=8), multipliers=32)


@pytest.fixture(scope="session")
def design(tmp_path_factory: pytest.TempPathFactory) -> PlacedNetlist:
    model = load(str(write_tiny(tmp_path_factory.mktemp("models") / "tiny")))
    return compile_model(model, load_board("sim"), CONFIG)


@pytest.fixture(scope="session")
def facts(design: PlacedNetlist) -> Facts:
    return gather(design, "checkpoint")


@pytest.fixture(scope="session")
def summary(design: PlacedNetlist) -> Summary:
    return summarize(design, "checkpoint")


@pytest.fixture(scope="session")
def measured(facts: Facts) -> Measured:
    return Measured(
        prompt=3,
        token_cycles=(900, 400, 410),
        predicted_cycles=1700.0,
        peaks={stream.name: stream.depth for stream in facts.streams},
        streams={"norm_1_i": StreamWaits(transfers=1, blocked=2, starved=3)},
        step=StepTimes(
            position=facts.position,
            passed={"norm_1_i": ((5, 20), (405, 420)), "matmul_w8_i_x_qkv": ((30, 60), (430, 460))},
        ),
    )
