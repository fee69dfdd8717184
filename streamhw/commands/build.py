# SPDX-License-Identifier: Apache-2.0
"""``streamhw build``: a model and a board to Verilog, manifest, memory image and report."""

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path

import streamhw

from ..boards.base import Board, load_board
from ..compiler.config import BuildConfig
from ..compiler.design import Design
from ..compiler.emit import emit
from ..compiler.package import DESIGN_FILE, REPORT_FILE, check_folder, read_key, write_build
from ..compiler.pipeline import STAGES, compile_model
from ..frontend import Model, Origin, load
from ..report.gather import gather
from ..report.summary import Summary, summarise
from ..report.tables import print_summary
from .show import Console, progress

__all__ = ["BuildRequest", "Built", "build", "default_folder", "reuse_or_build"]


@dataclass(frozen=True, kw_only=True)
class BuildRequest:
    """What the user typed.

    model: a name or a Hugging Face directory; board: a name or a file; weights: a safetensors file
    or directory instead of the model's own; output: the build folder, ``build/<model>-<board>``
    if None
    """

    model: str
    board: str = "sim"
    weights: Path | None = None
    output: Path | None = None
    config: BuildConfig = field(default_factory=BuildConfig)

    @property
    def folder(self) -> Path:
        return self.output or default_folder(self.model, self.board)


@dataclass(frozen=True)
class Built:
    """A finished build, with the model that it was built from."""

    folder: Path
    model: Model
    reused: bool


def default_folder(model: str, board: str) -> Path:
    """``build/<model>-<board>`` below the current folder."""
    return Path("build") / f"{Path(model).name}-{Path(board).stem}"


def build(request: BuildRequest, console: Console) -> Built:
    """Compiles and writes a build folder, and prints its table.

    Raises ``UserError`` or ``BuildError`` with one sentence; nothing is half-written.
    """
    check_folder(request.folder)
    board = load_board(request.board)
    model = load(request.model, request.weights)
    return _build(request, board, model, console)


def reuse_or_build(request: BuildRequest, console: Console) -> Built:
    """The build in the request's folder if it is of the same model, board, choices and compiler,
    else a new one."""
    board = load_board(request.board)
    model = load(request.model, request.weights)
    if read_key(request.folder) == _key(request, board, model):
        console.print(f"Reusing the build in {request.folder}")
        return Built(request.folder, model, True)
    check_folder(request.folder)
    return _build(request, board, model, console)


def _build(request: BuildRequest, board: Board, model: Model, console: Console) -> Built:
    if model.origin is Origin.RANDOM:
        console.print(
            f"[yellow]{model.name}: no weights were given, so they are seeded random ones: cycles "
            "and cells are real, the text is not[/yellow]"
        )
    seconds: dict[str, float] = {}
    begin = time.perf_counter()
    with progress(console) as shown:
        task = shown.add_task("compile", total=len(STAGES), detail=STAGES[0].says)

        def on_stage(name: str, took: float) -> None:
            seconds[name] = round(took, 3)
            done = len(seconds)
            says = STAGES[done].says if done < len(STAGES) else "Verilog"
            shown.update(task, completed=done, detail=says)

        design = compile_model(model, board, request.config, on_stage=on_stage)
        mark = time.perf_counter()
        emitted = emit(design)
        seconds["emit"] = round(time.perf_counter() - mark, 3)
        summary = _summary(design, model, seconds)
        facts = gather(design, model.origin.value)
        shown.update(task, description="memory image", detail="")
        write_build(
            design,
            emitted,
            {REPORT_FILE: summary.to_json(), DESIGN_FILE: facts.to_json()},
            _key(request, board, model),
            request.folder,
            on_bytes=lambda done, total: shown.update(task, completed=done, total=total),
        )
    print_summary(summary, console)
    took = time.perf_counter() - begin
    console.print(f"Graph to Verilog in {sum(seconds.values()):.1f} s, all files in {took:.1f} s:")
    for file in sorted(request.folder.iterdir()):
        if not file.name.startswith("."):
            console.print(f"  {file}  [dim]{file.stat().st_size:,} bytes[/dim]", soft_wrap=True)
    return Built(request.folder, model, False)


def _summary(design: Design, model: Model, seconds: dict[str, float]) -> Summary:
    return summarise(design, model.origin.value, dict(seconds))


def _key(request: BuildRequest, board: Board, model: Model) -> str:
    """Digest of all that decides a build's bytes: model, weights, board, choices, our own code."""
    digest = hashlib.sha256()
    for what in (repr(model.graph), repr(board), repr(request.config), model.origin.value):
        digest.update(what.encode())
    if model.origin is not Origin.RANDOM:
        for name in model.weights:
            digest.update(name.encode())
            digest.update(model.weights[name].tobytes())
    home = Path(streamhw.__file__).parent
    for file in sorted(home.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
