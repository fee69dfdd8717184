# SPDX-License-Identifier: Apache-2.0
"""From a build to the bitstream of its board: Yosys, nextpnr, ecppack, in a folder of the build."""

import importlib
from pathlib import Path
from typing import Any

from ..boards.base import Board, Family
from ..boards.parts import BoardParts
from ..compiler.backend.build_dir import read_build, read_file
from ..compiler.backend.emit import VERILOG_FILE
from ..errors import DoesNotFitError, ToolError, UserError
from ..whole_file import write_whole
from .board_core import BoardCore, parts_of
from .ecp5_board import Ecp5Board
from .ecp5_part import nextpnr_options
from .placed import Placed
from .steps import FlowStep, Progress, run_steps
from .tools import find_tool

__all__ = ["BITSTREAM_FILE", "FOLDER", "PLACED_FILE", "check_flow", "make_bitstream"]
__all__ += ["platform_named", "platform_of"]

FOLDER = "bitstream"
"""Of the flow, in a build folder: whatever the tools write."""
TOP = "board"
BITSTREAM_FILE = f"{TOP}.bit"
PLACED_FILE = "placed.json"
REPORT_FILE = "nextpnr.json"
SEED = 1


def make_bitstream(folder: Path, progress: Progress = lambda step, line: None) -> Placed:
    """Makes ``bitstream/board.bit`` in a build folder, and says how fast the design is.

    Steps whose inputs did not change since an earlier call are not run again.

    Raises ``UserError`` if there is no build, or its board has no parts or no open flow;
    ``ToolError`` if a program is missing or fails; ``DoesNotFitError`` if a clock is too slow, with
    all files there to be looked at.
    """
    manifest, design = read_build(folder)
    board = design.board
    check_flow(board)
    parts = parts_of(board)
    core = BoardCore(manifest, board)
    verilog = read_file(folder, manifest, VERILOG_FILE).decode()
    work = folder / FOLDER
    work.mkdir(exist_ok=True)
    platform = platform_of(parts)
    platform.add_file(VERILOG_FILE, verilog)
    plan = platform.build(Ecp5Board(core, parts, board.clock_mhz), name=TOP, do_build=False)
    for name, content in plan.files.items():
        text = content if isinstance(content, str) else content.decode()
        # What is equal keeps its time, for tools that look at it.
        if not (work / name).is_file() or (work / name).read_text() != text:
            write_whole(work / name, text)
    run_steps(work, _steps(platform), progress)
    placed = Placed.of_report(work / REPORT_FILE)
    write_whole(work / PLACED_FILE, placed.to_json())
    if not placed.met:
        slow = min(placed.clocks, key=lambda clock: clock.reached / clock.wanted)
        raise DoesNotFitError(
            f"Design must run at {slow.wanted:.1f} MHz (clock {slow.name} of board {board.name}), "
            f"but reaches {slow.reached:.1f} MHz when placed and routed",
            hint=f"the longest path is in {work / PLACED_FILE}; a board file with a lower "
            "clock_mhz takes the design as it is",
        )
    return placed


def check_flow(board: Board) -> None:
    """Raises ``UserError`` if there is no open flow for a board, ``ToolError`` if a program of it
    is missing: before any work is done."""
    parts = parts_of(board)
    if board.family is not Family.ECP5:
        raise UserError(
            f"Board {board.name} must be of a family with open tools for a bitstream: ECP5, not "
            f"{board.family.name}"
        )
    platform_of(parts)
    for name in ("yosys", "nextpnr-ecp5", "ecppack"):
        find_tool(name)


def platform_of(parts: BoardParts) -> Any:
    """The platform of amaranth-boards that a board names, for the open tools.

    Raises as ``platform_named`` does.
    """
    return platform_named(parts.platform, "Trellis")


def platform_named(platform: str, toolchain: str) -> Any:
    """A platform of amaranth-boards, ``module:class``, for one of its toolchains.

    Raises ``ToolError`` if it is not installed, ``UserError`` if there is no such platform.
    """
    module, _, name = platform.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise ToolError(
            f"A bitstream needs the platform {platform}, but: {error}",
            hint='Install it from the package index: pip install "streamhw[fpga]"',
        ) from error
    except AttributeError:
        raise UserError(
            f"Platform of a board must be module:class, and there is no {name} in {module}"
        ) from None
    return found(toolchain=toolchain)


def _steps(platform: Any) -> tuple[FlowStep, ...]:
    yosys, nextpnr, ecppack = (
        tuple(find_tool(name)) for name in ("yosys", "nextpnr-ecp5", "ecppack")
    )
    part = nextpnr_options(platform.device, platform.package, platform.speed)
    return (
        FlowStep(
            name="Yosys",
            command=(*yosys, "-q", "-l", "yosys.log", f"{TOP}.ys"),
            inputs=(f"{TOP}.ys", f"{TOP}.il", VERILOG_FILE),
            output=f"{TOP}.json",
            log="yosys.log",
        ),
        FlowStep(
            name="nextpnr",
            # Its first router does not come to an end with designs of this size.
            command=(*nextpnr, "--quiet", "--log", "nextpnr.log", *part,
                     "--json", f"{TOP}.json", "--lpf", f"{TOP}.lpf",
                     "--textcfg", f"{TOP}.config", "--report", REPORT_FILE,
                     "--seed", str(SEED), "--router", "router2", "--tmg-ripup",
                     "--timing-allow-fail"),
            inputs=(f"{TOP}.json", f"{TOP}.lpf"),
            output=f"{TOP}.config",
            log="nextpnr.log",
        ),
        FlowStep(
            name="ecppack",
            command=(*ecppack, "--compress", "--input", f"{TOP}.config", "--bit", BITSTREAM_FILE),
            inputs=(f"{TOP}.config",),
            output=BITSTREAM_FILE,
            log="ecppack.log",
        ),
    )  # fmt: skip
