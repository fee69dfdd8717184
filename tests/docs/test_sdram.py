# SPDX-License-Identifier: Apache-2.0
"""The worked example of a memory system with a C++ model of its own, from an installed package."""

from dataclasses import replace
from pathlib import Path

import pytest

import streamhw
from streamhw.boards.base import load_board
from streamhw.boards.memory.catalog import load_memory
from streamhw.boards.memory.cpp_channel import CppChannel
from tests.packages import install_example
from tests.tiny import write_tiny

CONFIG = streamhw.BuildConfig(quantization=streamhw.QuantConfig(weight_bits=8), multipliers=32)


def test_models_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_example(monkeypatch, tmp_path, "sdram")
    ulx3s, sdram = load_board("ulx3s"), load_memory("sdram")
    model = streamhw.load(write_tiny(tmp_path / "tiny"))
    board = replace(ulx3s, name="ulx3s-sdram", memory=sdram)
    built = streamhw.build(model, board, CONFIG, folder=tmp_path / "out")
    # The build keeps the header: it is simulated without the package.
    kept = built.netlist.board.memory.channel(ulx3s.ports[0], ulx3s.clock_mhz)
    assert isinstance(kept, CppChannel) and "class Sdram final" in kept.source
    answers = {
        name: streamhw.simulate(built, [5, 9, 33], 6, memory=memory, check=True)
        for name, memory in (("own", None), ("sdram", sdram), ("ideal", "ideal"))
    }
    cycles = {
        name: sum(token.cycles for token in answer.tokens) for name, answer in answers.items()
    }
    own = answers["own"]
    assert own.predicted == pytest.approx(cycles["own"], rel=0.01)  # measured: 0.4 %
    assert cycles["sdram"] == cycles["own"] > 1.01 * cycles["ideal"]
    for answer in answers.values():
        assert [t.token for t in answer.tokens] == [t.token for t in own.tokens]
    (traffic,) = own.traffic.values()
    assert 0 < traffic.row_misses < traffic.row_hits
    # A refresh takes 66 of 7,800 ns.
    assert traffic.refresh_cycles / cycles["own"] == pytest.approx(66 / 7800, rel=0.01)
