# SPDX-License-Identifier: Apache-2.0
"""Compiles the simulation of a board with a design, once for equal texts."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ...bitstream.board_core import BoardCore
from ...boards.base import Board
from ...cache import default_cache
from ...runtime.manifest import Manifest
from ...sim.cpp_compiler import COMPILE, find_compiler, machine
from ...sim.kept_folder import is_kept, keep, working
from ...sim.verilator import VERILATE, compile_library, find_simulator, verilate
from .simulated_top import TOP, simulated_top

__all__ = ["SOURCES", "CompiledBoard", "compile_board"]

SOURCES = Path(__file__).parent
"""The C++ around the Verilated top; other benches may include ``sdram_chip.h``."""
MAIN = SOURCES / "board.cpp"
HEADERS = ("sdram_chip.h", "uart_line.h")


@dataclass(frozen=True, kw_only=True)
class CompiledBoard:
    """A shared library, and the board that it simulates."""

    library: Path
    board: Board


def compile_board(
    manifest: Manifest,
    design: Path,
    board: Board,
    *,
    tested: int | None = None,
    cache: Path | None = None,
) -> CompiledBoard:
    """The simulation of a board with a build's design, from the cache if nothing has changed.

    design: the build's ``top.v``; tested: bytes that the memory test takes, as of ``BoardCore``

    Tests take a board whose parts have a high ``baud``, and test little memory.

    Raises ``UserError`` if the board has no parts, ``ValueError`` for a design or ``tested`` that
    ``BoardCore`` does not take, ``ToolError`` if Verilator or a C++ compiler is missing or fails.
    """
    core = BoardCore(manifest, board, tested=tested)
    simulator, compiler = find_simulator(), find_compiler()
    cache = cache or default_cache()
    top = simulated_top(core)
    identity = (simulator.identity, compiler.identity, machine(), *COMPILE, *VERILATE)
    digest = hashlib.sha256("\0".join((*identity, top)).encode())
    for path in (design, MAIN, *(SOURCES / name for name in HEADERS)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    folder = cache / f"board-{digest.hexdigest()[:24]}"
    found = CompiledBoard(library=folder / "simulation.so", board=board)
    if is_kept(folder):
        return found
    with working(cache) as work:
        (work / "board.v").write_text(top)
        verilate(simulator, [work / "board.v", design], TOP, work / "model")
        library = compile_library(simulator, compiler, work, cache, [f"-I{SOURCES}"], fast=[MAIN])
        product = work / "product"
        product.mkdir()
        library.rename(product / library.name)
        keep(product, folder)
    return found
