# SPDX-License-Identifier: Apache-2.0
"""CPU seconds and memory of ``build``, beside those of an earlier checkout of streamhw.

Usage: python scripts/compile_times.py MODEL ... --before FOLDER [--board u55c] [--runs before cold]

A model that the earlier checkout has under another name is written NAME=EARLIER.

Each model is built three times: by the checkout in FOLDER (with the Python in its ``.venv``), by
this one with an empty cache, and again with what the first build left in the cache. Seconds are
those of the user's CPU, of the process and all that it started: until the Verilog is made, and of
the whole build. Bars: half of the earlier checkout, a tenth for Verilog from the cache, 2 GiB.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = ("before", "cold", "warm")

MEASURED = """
import importlib, json, resource, sys

def spent():
    return sum(resource.getrusage(who).ru_utime
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

def noting(emit):
    def emitted(*args, **kwargs):
        found = emit(*args, **kwargs)
        seconds["verilog"] = spent()
        return found
    return emitted

seconds = {}
for name in ("streamhw.api.build", "streamhw.commands.build"):
    try:
        module = importlib.import_module(name)
    except ImportError:
        continue
    if hasattr(module, "emit"):
        module.emit = noting(module.emit)
from streamhw.__main__ import main

seconds["failed"] = main(sys.argv[2:])
seconds["build"] = spent()
seconds["peak"] = max(resource.getrusage(who).ru_maxrss * 1024
                      for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
open(sys.argv[1], "w").write(json.dumps(seconds))
"""
"""Runs a command, and writes what it took: the same in every checkout."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """User CPU seconds to Verilog and of the whole build; peak: bytes of one process, at most."""

    verilog: float
    build: float
    peak: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--before", type=Path, required=True, help="an earlier checkout")
    parser.add_argument("--board", default="u55c")
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=RUNS)
    chosen = parser.parse_args()
    for named in chosen.models:
        model, _, earlier = named.partition("=")
        found: dict[str, Spent] = {}
        with tempfile.TemporaryDirectory(prefix="streamhw-") as work:
            for run in RUNS:
                if run in chosen.runs:
                    before = run == "before"
                    home, name = (chosen.before, earlier or model) if before else (ROOT, model)
                    found[run] = spent = measured(name, chosen.board, home, Path(work))
                    print(
                        f"{model} {run}: to Verilog {spent.verilog:.1f} s, build "
                        f"{spent.build:.1f} s, {spent.peak / 2**30:.2f} GiB",
                        flush=True,
                    )
        if line := ratios(found):
            print(f"{model}: {line}", flush=True)


def measured(model: str, board: str, home: Path, work: Path) -> Spent:
    """A build by the checkout in ``home``, with the cache in ``work``."""
    python = home / ".venv" / "bin" / "python"
    result = work / "spent.json"
    command = ["build", model, "--board", board, "-o", str(work / f"build-{home.name}")]
    subprocess.run(
        [str(python) if python.exists() else sys.executable, "-c", MEASURED, result, *command],
        cwd=home,
        env=os.environ | {"STREAMHW_CACHE": str(work / f"cache-{home.name}")},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = json.loads(result.read_text())
    if found.pop("failed"):
        raise SystemExit(f"Build of {model} by {home} failed")
    return Spent(**found)


def ratios(found: dict[str, Spent]) -> str:
    """What the builds took of the earlier checkout's CPU seconds; empty without that one."""
    if "before" not in found:
        return ""
    before = found["before"]
    parts = []
    if "cold" in found:
        cold = found["cold"]
        parts += [
            f"build {cold.build / before.build:.0%}",
            f"to Verilog {cold.verilog / before.verilog:.0%}",
        ]
    if "warm" in found:
        parts.append(f"again {found['warm'].verilog / before.verilog:.0%}")
    return ", ".join(parts)


if __name__ == "__main__":
    main()
