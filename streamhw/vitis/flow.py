# SPDX-License-Identifier: Apache-2.0
"""From a build to a package that Vitis makes a kernel of, in a folder of the build."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from ..boards.base import Board
from ..compiler.backend.build_dir import read_build, read_file
from ..compiler.backend.emit import VERILOG_FILE
from ..compiler.ir.levels import PlacedNetlist
from ..runtime.manifest import Manifest
from ..whole_file import write_whole
from .floorplan import cell_plan, floorplan_script, kernel_constraints
from .host_header import host_header
from .kernel import check_card, kernel_of
from .kernel_shell import KERNEL, check_context, shell_verilog
from .kernel_xml import kernel_xml
from .link_config import link_config
from .makefile import makefile
from .package_script import package_script

__all__ = ["FOLDER", "check_vitis", "make_vitis", "package_files"]

FOLDER = "vitis"
"""Of the package, in a build folder."""
SHELL_FILE = f"{KERNEL}.v"
HOST_FILES = ("answer.py", "c_interface.cpp", "card.cpp", "card.h", "main.cpp")
"""Programs of the host that are the same for every build."""


def make_vitis(folder: Path) -> tuple[Path, ...]:
    """Writes the package into ``vitis/`` of a build folder; the paths of its files.

    A file that is there already and equal keeps its time, so that ``make`` does not begin again.

    Raises ``UserError`` if there is no build, its board is no card of Vitis, or its context is too
    long for a kernel's registers.
    """
    manifest, design = read_build(folder)
    check_vitis(design.board, manifest.context)
    verilog = read_file(folder, manifest, VERILOG_FILE).decode()
    texts = package_files(manifest, design, verilog)
    for name, text in texts.items():
        file = folder / FOLDER / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_text() != text:
            write_whole(file, text)
    return tuple(folder / FOLDER / name for name in texts)


def check_vitis(board: Board, context: int) -> None:
    """Raises ``UserError`` if no kernel can be made for a board and a context: before any work."""
    check_card(board)
    check_context(context)


def package_files(manifest: Manifest, design: PlacedNetlist, verilog: str) -> Mapping[str, str]:
    """The texts of a package by their path in it; verilog: of the build."""
    kernel = kernel_of(manifest, design.board)
    plan = cell_plan(design)
    rtl = {f"rtl/{SHELL_FILE}": shell_verilog(manifest), f"rtl/{VERILOG_FILE}": verilog}
    card = {"kernel": KERNEL, "banks": [master.bank for master in kernel.masters]}
    host = files(__package__).joinpath("host")
    return {
        **rtl,
        "kernel.xml": kernel_xml(kernel),
        "package.tcl": package_script(kernel, tuple(rtl), "constraints.xdc"),
        "constraints.xdc": kernel_constraints(plan),
        "link.cfg": link_config(kernel, tuple(plan.dies), before_place="floorplan.tcl"),
        "floorplan.tcl": floorplan_script(plan),
        "Makefile": makefile(kernel),
        "host/card.json": json.dumps(card, indent=1) + "\n",
        "host/design.h": host_header(manifest, kernel),
        **{f"host/{name}": host.joinpath(name).read_text() for name in HOST_FILES},
    }
