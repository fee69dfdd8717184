# SPDX-License-Identifier: Apache-2.0
"""Builds for two small cards, of two dies and of one, whose memory is striped over two banks."""

from dataclasses import replace

import pytest

import streamhw
from streamhw.api.build import Build
from streamhw.boards.base import Board, Budget, Die, MemoryPort, load_board
from streamhw.boards.vitis_card import VitisCard
from tests.tiny import TINY_LLAMA, tiny_decoder

DIE = Budget(luts=24_000, ffs=48_000, dsps=400, block_ram=100, ultra_ram=20)
CARD = replace(
    load_board("sim"),
    name="card",
    title="small card",
    part="xcu50-fsvh2104-2-e",
    ports=tuple(
        MemoryPort(name=f"mem{n}", width=128, beats_per_cycle=1.0, latency=48, address=n << 20)
        for n in range(2)
    ),
    striped=True,
    memory_bytes=2 << 20,
    budget=Budget(luts=48_000, ffs=96_000, dsps=800, block_ram=200, ultra_ram=40),
    dies=(Die(name="low", budget=DIE, memory=True), Die(name="high", budget=DIE)),
    card=VitisCard(platform="vendor_small_card", banks=("HBM[3]", "HBM[17]")),
)

TINY = replace(TINY_LLAMA, layers=1, context=16)


def _built(tmp_path_factory: pytest.TempPathFactory, board: Board) -> Build:
    choices = streamhw.BuildConfig(multipliers=32, token_batch=2)
    folder = tmp_path_factory.mktemp(board.name) / "build"
    return streamhw.build(tiny_decoder(TINY), board, choices, folder=folder)


@pytest.fixture(scope="session")
def card(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """On two dies; tests may write into its folder ``vitis``."""
    return _built(tmp_path_factory, CARD)
