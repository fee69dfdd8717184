# SPDX-License-Identifier: Apache-2.0
"""Real cell counts of a build, beside the estimates that the compiler decided by."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from ..boards.base import load_board
from ..compiler.cost import Cells
from ..compiler.emit import VERILOG_FILE
from ..compiler.package import REPORT_FILE
from ..errors import UserError
from ..runtime.manifest import Manifest
from .yosys import count_modules

__all__ = ["SYNTH_FILE", "Row", "Synthesis", "synthesise"]

SYNTH_FILE = "synth.json"


@dataclass(frozen=True)
class Row:
    """One part of the top: the estimate, and what Yosys counts."""

    name: str
    estimated: Cells
    counted: Cells


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """What ``synth.json`` holds. ``rest`` of the top is queues, arbiters and registers."""

    model: str
    board: str
    family: str
    rows: tuple[Row, ...]
    rest: Row
    total: Row

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def synthesise(folder: Path) -> Synthesis:
    """Runs Yosys for the board's family and writes ``synth.json`` into the build folder.

    Raises ``UserError`` if ``folder`` is no build, ``ToolError`` if Yosys is missing or fails.
    """
    try:
        report = json.loads((folder / REPORT_FILE).read_text())
        verilog = (folder / VERILOG_FILE).read_text()
        board = load_board(report["board"])
        estimates = {kernel["name"]: Cells(**kernel["cells"]) for kernel in report["kernels"]}
        queues, everything = Cells(**report["queues"]), Cells(**report["total"])
        model = str(report["model"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"BUILD must be a folder that `build` wrote, not {folder} ({_reason(error)})",
            hint="python -m streamhw build MODEL -o DIR",
        ) from None
    Manifest.load(folder)
    modules = count_modules(verilog, board.family)
    rows = tuple(
        Row(name, estimated, modules.get(f"top.{name}", Cells()))
        for name, estimated in estimates.items()
    )
    inside = Cells()
    for row in rows:
        inside += row.counted
    total = Row("total", everything, modules["top"])
    rest = Row("queues, arbiters, registers", queues, _less(total, inside))
    found = Synthesis(
        model=model,
        board=board.name,
        family=board.family.value,
        rows=rows,
        rest=rest,
        total=total,
    )
    (folder / SYNTH_FILE).write_text(found.to_json())
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return f"{REPORT_FILE} has no {error}" if isinstance(error, KeyError) else str(error)


def _less(total: Row, inside: Cells) -> Cells:
    values = {
        field.name: getattr(total.counted, field.name) - getattr(inside, field.name)
        for field in dataclasses.fields(Cells)
    }
    return Cells(**values)
