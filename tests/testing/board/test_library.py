# SPDX-License-Identifier: Apache-2.0
"""Compiled boards: kept by what they are made of."""

from dataclasses import replace
from pathlib import Path

import pytest

from streamhw.api.build import Build
from streamhw.boards.base import load_board
from streamhw.errors import ToolError, UserError
from streamhw.testing.board import library
from streamhw.testing.board.library import CompiledBoard, compile_board


def test_equal_boards_are_compiled_once(
    small: Build, small_board: CompiledBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "verilate", None)
    again = compile_board(small.manifest, small.verilog, small_board.board, tested=4096)
    assert again == small_board and again.library.is_file()
    with pytest.raises(TypeError):  # other hardware must be compiled
        compile_board(small.manifest, small.verilog, small_board.board, tested=8192)


def test_verilog_that_is_none(small: Build, tmp_path: Path) -> None:
    design = tmp_path / "top.v"
    design.write_text("module top(")
    with pytest.raises(ToolError, match="Verilator refuses the Verilog of board"):
        compile_board(small.manifest, design, small.board, cache=tmp_path / "cache")
    assert not [*(tmp_path / "cache").iterdir()]


def test_what_no_board_is_made_of(small: Build) -> None:
    with pytest.raises(UserError, match="Board sim must have parts"):
        compile_board(small.manifest, small.verilog, load_board("sim"))
    with pytest.raises(ValueError, match="MemoryTest bytes must be a multiple of 256"):
        compile_board(small.manifest, small.verilog, small.board, tested=100)
    manifest = replace(small.manifest, ports=())
    with pytest.raises(ValueError, match="one memory port of 128 bits"):
        compile_board(manifest, small.verilog, small.board)
