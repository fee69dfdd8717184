# SPDX-License-Identifier: Apache-2.0
"""The C++ compiler of this machine, and what all that is compiled with it has in common."""

import hashlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

from streamhw.errors import ToolError
from streamhw.tool_log import log_call, log_output

__all__ = ["COMPILE", "Compiler", "find_compiler", "first_error", "machine", "run"]

# Measured on GPT-2 for u55c: -O2 simulates a fifth faster than -O1 and compiles as fast.
COMPILE = ("-std=c++17", "-O2", "-march=native", "-fPIC", "-fvisibility=hidden", "-w", "-pthread",
           "-DVL_USER_FATAL", "-DVL_USER_STOP", "-DVL_IGNORE_UNKNOWN_ARCH")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """A C++ compiler for this machine.

    command: the program and what stands before all arguments, such as ccache and g++
    """

    command: tuple[str, ...]
    identity: str

    @property
    def is_clang(self) -> bool:
        return "clang" in self.identity


def find_compiler() -> Compiler:
    """The C++ compiler that ``CXX`` names, else the first of g++, c++, clang++ on PATH.

    ``CXX`` is a program, or a command as shells read it (``ccache g++``); raises ``ToolError``.
    """
    names = [os.environ["CXX"]] if os.environ.get("CXX", "").strip() else ["g++", "c++", "clang++"]
    for name in names:
        for words in ([name], _words(name)):
            if words and (path := shutil.which(words[0])):
                return _compiler((path, *words[1:]))
    raise ToolError(
        f"Simulation needs a C++ compiler, and there is no {' or '.join(names)} on PATH",
        hint="Install one: apt-get install g++ (Debian, Ubuntu), dnf install gcc-c++ (Fedora)",
    )


def run(command: Sequence[str]) -> None:
    """Runs the compiler; raises ``ToolError`` with its first error if it fails."""
    log_call(command)
    result = subprocess.run(command, capture_output=True, text=True, errors="replace")
    log_output(result.stdout, result.stderr)
    if result.returncode != 0:
        raise ToolError(f"C++ compiler {command[0]} failed: {first_error(result.stderr)}")


def first_error(report: str) -> str:
    """The first line of the compiler's report that has an error, or the report's end."""
    lines = [line for line in report.splitlines() if "error" in line]
    return lines[0] if lines else report.strip()[-300:]


@cache
def machine() -> str:
    """What ``-march=native`` depends on: the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    facts = [line for line in lines if line.startswith(("model name", "flags", "Features"))]
    return hashlib.sha256("\n".join(sorted(set(facts))).encode()).hexdigest()[:16]


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quotation mark without its end
        return []


@cache
def _compiler(command: tuple[str, ...]) -> Compiler:
    try:
        result = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, errors="replace"
        )
    except OSError as error:  # no program of this machine
        _refuse(command, error.strerror or str(error))
    lines = result.stdout.splitlines()
    if result.returncode != 0 or not lines:
        said = result.stderr.strip().splitlines()
        _refuse(command, said[-1] if said else "it says nothing")
    names = " ".join((Path(command[0]).name, *command[1:]))
    return Compiler(command=command, identity=f"{names} {lines[0]}")


def _refuse(command: Sequence[str], said: str) -> NoReturn:
    raise ToolError(f"C++ compiler {shlex.join(command)} must answer --version, but: {said}")
