# SPDX-License-Identifier: Apache-2.0
"""A build of a tiny model for the Arty A7-100T."""

import pytest

import streamhw
from streamhw.api.build import Build
from streamhw.boards.base import load_board
from tests.tiny import tiny_decoder


@pytest.fixture(scope="session")
def arty(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Tests may write into its folder ``vivado``."""
    folder = tmp_path_factory.mktemp("arty") / "build"
    choices = streamhw.BuildConfig(multipliers=16)
    return streamhw.build(tiny_decoder(), load_board("arty_a7_100t"), choices, folder=folder)
