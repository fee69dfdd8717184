# SPDX-License-Identifier: Apache-2.0
"""One compiled simulation of a tiny model for all tests that make a kernel of it wrong."""

import pytest

import streamhw
from tests.sim.mutants import Mutants
from tests.tiny import write_tiny

CONFIG = streamhw.BuildConfig(quantization=streamhw.QuantConfig(weight_bits=8), multipliers=32)


@pytest.fixture(scope="session")
def mutants(tmp_path_factory: pytest.TempPathFactory) -> Mutants:
    home = tmp_path_factory.mktemp("mutants")
    built = streamhw.build(write_tiny(home / "tiny"), "sim", CONFIG, folder=home / "out")
    return Mutants(built, home)
