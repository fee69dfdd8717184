# SPDX-License-Identifier: Apache-2.0
"""The C++ compiler of this machine, and what all that is compiled with it has in common."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from streamhw.errors import ToolError

__all__ = ["COMPILE", "Compiler", "find_compiler", "first_error", "machine", "publish", "run",
           "work_folder"]  # fmt: skip

# Measured on GPT-2 for u55c: -O2 simulates a fifth faster than -O1 and compiles as fast.
COMPILE = ("-std=c++17", "-O2", "-march=native", "-fPIC", "-fvisibility=hidden", "-w", "-pthread",
           "-DVL_USER_FATAL", "-DVL_USER_STOP", "-DVL_IGNORE_UNKNOWN_ARCH")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """A C++ compiler for this machine."""

    binary: Path
    identity: str

    @property
    def is_clang(self) -> bool:
        return "clang" in self.identity


def find_compiler() -> Compiler:
    """The C++ compiler that ``CXX`` names, else the first of g++, c++, clang++ on PATH."""
    names = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "c++", "clang++"]
    for name in names:
        if path := shutil.which(name):
            return _compiler(Path(path))
    raise ToolError(
        f"Simulation needs a C++ compiler, and there is no {' or '.join(names)} on PATH",
        hint="Install one: apt-get install g++ (Debian, Ubuntu), dnf install gcc-c++ (Fedora)",
    )


def run(command: Sequence[str]) -> None:
    """Runs the compiler; raises ``ToolError`` with its first error if it fails."""
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise ToolError(f"C++ compiler {command[0]} failed: {first_error(result.stderr)}")


def first_error(report: str) -> str:
    """The first line of the compiler's report that has an error, or the report's end."""
    lines = [line for line in report.splitlines() if "error" in line]
    return lines[0] if lines else report.strip()[-300:]


def work_folder(cache: Path) -> Path:
    """A new folder in the cache, for what is not whole yet."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="building-", dir=cache))
    except OSError as error:
        raise ToolError(
            f"Cannot write the cache folder {cache} because of {error.strerror}",
            hint="Set STREAMHW_CACHE to a folder that can be written",
        ) from error


def publish(product: Path, target: Path) -> None:
    """Moves a finished folder to its place at once; another process may have been faster."""
    try:
        product.rename(target)
    except OSError:
        if not target.is_dir():
            raise


@cache
def machine() -> str:
    """What ``-march=native`` depends on: the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    facts = [line for line in lines if line.startswith(("model name", "flags", "Features"))]
    return hashlib.sha256("\n".join(sorted(set(facts))).encode()).hexdigest()[:16]


@cache
def _compiler(path: Path) -> Compiler:
    lines = _said([str(path), "--version"]).splitlines()
    if not lines:
        raise ToolError(f"C++ compiler {path} must answer --version, and it says nothing")
    return Compiler(binary=path, identity=f"{path.name} {lines[0]}")


def _said(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout
