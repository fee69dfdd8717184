# SPDX-License-Identifier: Apache-2.0
"""Programs that run one after another in a folder; what was made from equal inputs is kept."""

import hashlib
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import ToolError
from ..tool_log import log_call, log_output
from ..whole_file import write_whole

__all__ = ["FlowStep", "Progress", "run_steps"]

KEYS_FILE = "steps.json"
"""By step, what its outputs were made from."""

LOOK = 0.5
"""Seconds between two looks at the log of a program."""

Progress = Callable[[str, str], None]
"""Called with the name of a step and the newest line of its log."""


@dataclass(frozen=True, kw_only=True)
class FlowStep:
    """A program of the flow; all names are relative to the folder in which it runs.

    name: as users read it; command: with its arguments
    inputs: files that it reads; output: the file that it writes; log: what it says on the way
    """

    name: str
    command: tuple[str, ...]
    inputs: tuple[str, ...]
    output: str
    log: str


def run_steps(folder: Path, steps: tuple[FlowStep, ...], progress: Progress) -> dict[str, float]:
    """Runs the steps whose command or inputs changed, or whose output is missing.

    Returns the seconds of those that ran, by name. Raises ``ToolError`` with the last line of the
    log if a program fails; what came before it is kept for the next try.
    """
    took: dict[str, float] = {}
    for step in steps:
        key = _key(folder, step)
        if _keys(folder).get(step.name) == key and (folder / step.output).is_file():
            continue
        (folder / step.output).unlink(missing_ok=True)
        begin = time.monotonic()
        _run(folder, step, progress)
        took[step.name] = time.monotonic() - begin
        write_whole(
            folder / KEYS_FILE, json.dumps(_keys(folder) | {step.name: key}, indent=2) + "\n"
        )
    return took


def _run(folder: Path, step: FlowStep, progress: Progress) -> None:
    (folder / step.log).unlink(missing_ok=True)
    with (folder / f"{step.log}.errors").open("w+") as errors:
        log_call(step.command)
        process = subprocess.Popen(
            step.command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            while process.poll() is None:
                progress(step.name, _last(folder / step.log))
                time.sleep(LOOK)
        finally:
            process.kill()
            process.wait()
    if (folder / step.log).is_file():
        log_output((folder / step.log).read_text(errors="replace"))
    if process.returncode != 0 or not (folder / step.output).is_file():
        said = _last(folder / step.log, "ERROR") or _last(folder / f"{step.log}.errors")
        raise ToolError(
            f"{step.name} must write {step.output}, but stopped: {said or 'without a message'}",
            hint=f"all that it said is in {folder / step.log}",
        )


def _key(folder: Path, step: FlowStep) -> str:
    digest = hashlib.sha256("\0".join(step.command).encode())
    for name in step.inputs:
        digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()


def _keys(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / KEYS_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _last(file: Path, word: str = "") -> str:
    """The last line of a file that has the word."""
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next(reversed([line.strip() for line in lines if word in line and line.strip()]), "")
