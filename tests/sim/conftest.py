# SPDX-License-Identifier: Apache-2.0
"""Compiled simulations of tiny models for all tests that make a kernel of them wrong."""

import pytest

import streamhw
from tests.sim.mutants import Mutants
from tests.tiny import TINY_QWEN3, tiny_decoder, write_tiny

CONFIG = streamhw.BuildConfig(quantization=streamhw.QuantConfig(weight_bits=8), multipliers=32)


@pytest.fixture(scope="session")
def mutants(tmp_path_factory: pytest.TempPathFactory) -> Mutants:
    home = tmp_path_factory.mktemp("mutants")
    built = streamhw.build(write_tiny(home / "tiny"), "sim", CONFIG, folder=home / "out")
    return Mutants(built, home)


@pytest.fixture(scope="session")
def decoder_mutants(tmp_path_factory: pytest.TempPathFactory) -> Mutants:
    """Of a decoder with rotary positions, norms of heads and gated activations."""
    home = tmp_path_factory.mktemp("decoder_mutants")
    built = streamhw.build(tiny_decoder(TINY_QWEN3), "sim", CONFIG, folder=home / "out")
    return Mutants(built, home)
