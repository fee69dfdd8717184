# SPDX-License-Identifier: Apache-2.0
"""Cycles of an answer on a whole simulated board, beside those that the performance model says.

Usage: python scripts/board_cycles.py MODEL [--board ulx3s] [--prompt ROMEO.] [--tokens 48]

Everything from the pins of the line to those of the memory chip is simulated, at some 100,000
cycles a second; the image is put into memory. Cycles are those that the design counts: a prompt is
an answer of one token. Each token must be that of the integer reference. Returns 1 if one is not,
or if a prediction is off by more than 5 %.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamhw
from streamhw.api.build import Build
from streamhw.api.on_board import BoardAnswer, on_board
from streamhw.api.prompt import Prompt, read_prompt
from streamhw.bitstream.board_core import parts_of
from streamhw.boards.base import load_board
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.performance.estimate import Estimate
from streamhw.frontend import load
from streamhw.reference.integer_model import IntegerModel
from streamhw.testing.board.library import CompiledBoard, compile_board
from streamhw.testing.board.virtual_board import VirtualBoard

BIT = 5
"""Cycles of a bit on the line: what is measured does not depend on it."""
SILENCE = 2_000_000
"""Cycles of it until a request is repeated: more than the CRC of a block takes."""
WITHIN = 0.05


@dataclass(frozen=True, kw_only=True)
class Cycles:
    """Of the prompt, and of all tokens behind the first."""

    prompt: float
    tokens: float


def compiled(built: Build) -> CompiledBoard:
    """The board of a build with a fast line, and little of its memory tested."""
    board = built.board
    parts = replace(parts_of(board), baud=round(board.clock_mhz * 1e6 / BIT))
    return compile_board(built.manifest, built.verilog, replace(board, parts=parts), tested=4096)


def answered(built: Build, simulation: CompiledBoard, prompt: Prompt, count: int) -> BoardAnswer:
    """An answer of a board that has the image."""
    with VirtualBoard(simulation) as board:
        board.run_test()
        board.write_memory(0, built.image.tobytes())
        timeout = SILENCE / (built.board.clock_mhz * 1e6)
        return on_board(built, prompt, count, board, timeout=timeout, clock=board.seconds)


def measured(built: Build, prompt: Prompt, count: int) -> tuple[Cycles, list[int]]:
    """Cycles of at least two tokens, and the tokens."""
    simulation = compiled(built)
    first, whole = (answered(built, simulation, prompt, n) for n in (1, count))
    cycles = sum(token.cycles for token in whole.tokens)
    found = Cycles(prompt=first.prompt_cycles, tokens=cycles - first.prompt_cycles)
    return found, [token.token for token in whole.tokens]


def predicted(built: Build, prompt: Prompt, count: int) -> Cycles:
    """What the performance model says of as many tokens."""
    answer = Estimate.placed(built.netlist).answer(len(prompt.tokens), len(prompt.tokens) + count)
    return Cycles(prompt=answer.prompt, tokens=sum(answer.tokens))


def compare(built: Build, prompt: Prompt, count: int) -> bool:
    """Prints all of it; whether all is as it must be."""
    real, tokens = measured(built, prompt, count)
    said = predicted(built, prompt, count)
    golden = IntegerModel(built.quantized, layer_table().reference)
    ends = built.model.end_tokens
    equal = tokens == [*golden.generate(prompt.tokens, count, ends=ends)]
    each, model = real.tokens / (len(tokens) - 1), said.tokens / (count - 1)
    mhz, wrong = built.board.clock_mhz, []
    print(f"{built.model.name} on {built.board.name}, {len(prompt.tokens)} + {len(tokens)} tokens")
    for what, ours, theirs in (
        ("prompt", real.prompt, said.prompt),
        ("each further token", each, model),
    ):
        error = theirs / ours - 1
        print(f"  {what:20} {ours:12,.0f} cycles, predicted {theirs:12,.0f} {error:+.1%}")
        wrong += [what] if abs(error) > WITHIN else []
    print(f"  at {mhz:g} MHz {mhz * 1e6 / each:.1f} tokens a second")
    print(f"  tokens are {'' if equal else 'NOT '}those of the integer reference")
    return equal and not wrong


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--board", default="ulx3s")
    parser.add_argument("--prompt", default="ROMEO.")
    parser.add_argument("--tokens", type=int, default=48)
    asked = parser.parse_args(arguments)
    if asked.tokens < 2:
        parser.error(f"--tokens must be at least 2, not {asked.tokens}")
    model, board = load(asked.model), load_board(asked.board)
    prompt = read_prompt(asked.prompt, model)
    with tempfile.TemporaryDirectory(prefix="streamhw-board-") as folder:
        built = streamhw.build(model, board, folder=Path(folder) / "build")
        return 0 if compare(built, prompt, asked.tokens) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
