# SPDX-License-Identifier: Apache-2.0
"""From a build to an archive for the batch mode of Vivado, in a folder of the build."""

from collections.abc import Mapping
from pathlib import Path

from ..bitstream.flow import platform_named
from ..bitstream.hosted_core import HostedCore
from ..boards.base import Board
from ..boards.vivado_parts import VivadoParts
from ..compiler.backend.build_dir import read_build, read_file
from ..compiler.backend.emit import VERILOG_FILE
from ..errors import UserError
from ..runtime.manifest import Manifest
from ..whole_file import write_whole
from .mig_board import MigBoard, memory_pins
from .mig_project import MODULE, mig_project

__all__ = ["FOLDER", "archive_files", "check_vivado", "make_vivado"]

FOLDER = "vivado"
"""Of the archive, in a build folder."""
TOP = "board"
PROJECT = f"{MODULE}.prj"

CREATE = f"""\
create_ip -name mig_7series -vendor xilinx.com -library ip -version 4.2 -module_name {MODULE}
set_property CONFIG.XML_INPUT_FILE [file normalize {PROJECT}] [get_ips {MODULE}]
generate_target all [get_ips {MODULE}]
synth_ip [get_ips {MODULE}]"""
"""Makes the controller, in the project of the batch run."""


def make_vivado(folder: Path) -> tuple[Path, ...]:
    """Writes the archive into ``vivado/`` of a build folder; the paths of its files.

    Raises ``UserError`` if there is no build, or its board does not say what stands around it;
    ``ToolError`` if the platform is not installed.
    """
    manifest, design = read_build(folder)
    verilog = read_file(folder, manifest, VERILOG_FILE).decode()
    texts = archive_files(manifest, design.board, verilog)
    (folder / FOLDER).mkdir(exist_ok=True)
    for name, text in texts.items():
        file = folder / FOLDER / name
        if not file.is_file() or file.read_text() != text:
            write_whole(file, text)
    return tuple(folder / FOLDER / name for name in texts)


def check_vivado(board: Board) -> VivadoParts:
    """What stands around a design; raises ``UserError`` if the board does not say."""
    if board.vivado is None:
        raise UserError(
            f"Board {board.name} must have parts for Vivado (pins, memory chip, line to a host), "
            "and has none",
            hint="`vivado` of a board file says what they are, as in boards/arty_a7_100t.py",
        )
    return board.vivado


def archive_files(manifest: Manifest, board: Board, verilog: str) -> Mapping[str, str]:
    """The texts of an archive by name; ``sh build_board.sh`` runs it where Vivado is."""
    parts = check_vivado(board)
    platform = platform_named(parts.platform, "Vivado")
    device = f"{platform.device}-{platform.package}/-{platform.speed}"
    project = mig_project(parts, device, memory_pins(platform))
    core = HostedCore(manifest, clock_hz=parts.clock_mhz * 1e6, baud=parts.baud, tested=parts.bytes)
    platform.add_file(VERILOG_FILE, verilog)
    plan = platform.build(MigBoard(core, parts), name=TOP, do_build=False, script_after_read=CREATE)
    files = {
        name: content if isinstance(content, str) else content.decode()
        for name, content in plan.files.items()
    }
    return {**files, PROJECT: project}
