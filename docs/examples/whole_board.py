# SPDX-License-Identifier: Apache-2.0
"""An answer of a whole simulated board, from the pins of its line to those of its memory chip."""

from dataclasses import replace

from streamhw.api.build import Build
from streamhw.api.on_board import BoardAnswer, on_board
from streamhw.api.prompt import read_prompt
from streamhw.bitstream.board_core import parts_of
from streamhw.testing.board.library import compile_board
from streamhw.testing.board.virtual_board import VirtualBoard


def answer(built: Build, prompt: str, count: int) -> BoardAnswer:
    # A line of five cycles a bit: the simulation takes some ten seconds for a million cycles.
    cycle = 1 / (built.board.clock_mhz * 1e6)
    parts = replace(parts_of(built.board), baud=round(1 / cycle / 5))
    compiled = compile_board(
        built.manifest, built.verilog, replace(built.board, parts=parts), tested=4096
    )
    with VirtualBoard(compiled) as board:
        board.run_test()
        if not board.lamps.ready:
            raise RuntimeError("memory must pass its test, but failed")
        # By the line each KiB of the image would take 50,000 cycles more.
        board.write_memory(0, built.image.tobytes())
        asked = read_prompt(prompt, built.model)
        return on_board(built, asked, count, board, timeout=20_000 * cycle, clock=board.seconds)
