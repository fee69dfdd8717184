# SPDX-License-Identifier: Apache-2.0
"""``streamhw build``: a model and a board to Verilog, manifest, memory image and report."""

import hashlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.progress import Progress, TaskID

import streamhw

from ..boards.base import Board, load_board
from ..compiler.backend.build_dir import (
    DESIGN_FILE,
    DUMP_FILE,
    REPORT_FILE,
    check_folder,
    read_key,
    write_build,
    write_stopped,
)
from ..compiler.backend.emit import emit
from ..compiler.config import BuildConfig
from ..compiler.ir.design import Design
from ..compiler.overrides import DECISIONS_FILE, Decisions, decisions_of, differing
from ..compiler.pipeline import STAGES, check_stage, compile_model
from ..compiler.text_dump import dump
from ..errors import UserError
from ..frontend import Model, Origin, load
from ..report.facts import Facts
from ..report.facts_of_design import gather
from ..report.summary import summarize
from ..report.tables import converter_table, print_summary
from .show import Console, progress, write_whole

__all__ = [
    "BuildRequest",
    "Built",
    "build",
    "build_until",
    "default_folder",
    "reuse_or_build",
    "settled",
]


@dataclass(frozen=True, kw_only=True)
class BuildRequest:
    """What the user typed.

    model: a name or a Hugging Face directory; board: a name or a file; weights: a safetensors file
    or directory instead of the model's own; output: the build folder, ``build/<model>-<board>``
    if None
    begin: the first stage that decides anew; the earlier ones are as in ``source``, a build or its
    file of decisions (None: what is in the build folder); decided: these, once ``settled``
    """

    model: str
    board: str = "sim"
    weights: Path | None = None
    output: Path | None = None
    config: BuildConfig = field(default_factory=BuildConfig)
    begin: str | None = None
    source: Path | None = None
    decided: Decisions | None = None

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


def settled(request: BuildRequest) -> BuildRequest:
    """The request with the decisions of an earlier build, if it asks for them.

    Raises ``UserError`` if there are none, they are damaged, or other choices were typed.
    """
    if request.decided is not None or (request.begin is None and request.source is None):
        return request
    check_stage(request.begin)
    source = request.source or request.folder
    decisions = Decisions.load(source)
    for name, decided, typed in differing(request.config, decisions.config):
        raise UserError(
            f"Choice {name} must be {decided} as in the decisions of {source}, not {typed}",
            hint="leave it out, or build anew without --from and --decisions",
        )
    if request.begin is not None:
        decisions = decisions.before(request.begin)
    return replace(request, config=decisions.config, decided=decisions)


def build(request: BuildRequest, console: Console) -> Built:
    """Compiles and writes a build folder, and prints its table.

    Raises ``UserError`` or ``BuildError`` with one sentence; nothing is half-written.
    """
    request = settled(request)
    check_folder(request.folder)
    board = load_board(request.board)
    model = load(request.model, request.weights)
    return _build(request, board, model, console)


def reuse_or_build(request: BuildRequest, console: Console) -> Built:
    """The build in the request's folder if it is of the same model, board, choices and compiler,
    else a new one."""
    request = settled(request)
    board = load_board(request.board)
    model = load(request.model, request.weights)
    if read_key(request.folder) == _key(request, board, model):
        console.print(f"Reusing the build in {request.folder}")
        return Built(request.folder, model, True)
    check_folder(request.folder)
    return _build(request, board, model, console)


def _build(request: BuildRequest, board: Board, model: Model, console: Console) -> Built:
    seconds: dict[str, float] = {}
    begin = time.perf_counter()
    with progress(console) as shown:
        task = shown.add_task("compile", total=len(STAGES), detail=STAGES[0].says)
        design = _compile(request, board, model, console, shown, task, seconds)
        mark = time.perf_counter()
        emitted = emit(design)
        seconds["emit"] = round(time.perf_counter() - mark, 3)
        summary = summarize(design, model.origin.value, dict(seconds))
        facts = gather(design, model.origin.value)
        shown.update(task, description="memory image", detail="")
        texts = {
            REPORT_FILE: summary.to_json(),
            DESIGN_FILE: facts.to_json(),
            DUMP_FILE: dump(design),
            DECISIONS_FILE: decisions_of(design, request.config).to_json(),
        }
        write_build(
            design,
            emitted,
            texts,
            _key(request, board, model),
            request.folder,
            on_bytes=lambda done, total: shown.update(task, completed=done, total=total),
        )
    print_summary(summary, console)
    _warn(facts, console)
    took = time.perf_counter() - begin
    console.print(f"Graph to Verilog in {sum(seconds.values()):.1f} s, all files in {took:.1f} s:")
    show_folder(request.folder, console)
    return Built(request.folder, model, False)


def build_until(
    request: BuildRequest, stop: str, console: Console, *, text: Path | None = None
) -> Design:
    """Compiles up to a stage; writes the dump and the decisions of the design so far.

    text: a file that gets the dump instead of the folder; ``-`` is standard output

    Raises as ``build`` does.
    """
    check_stage(stop)
    request = settled(request)
    folder = request.output or request.folder.with_name(f"{request.folder.name}-{stop}")
    if text is None or request.output is not None:
        check_folder(folder, whole=False)
    board = load_board(request.board)
    model = load(request.model, request.weights)
    with progress(console) as shown:
        total = [stage.name for stage in STAGES].index(stop) + 1
        task = shown.add_task("compile", total=total, detail=STAGES[0].says)
        design = _compile(request, board, model, console, shown, task, {}, stop=stop)
    lines = dump(design)
    if stop == "convert" and str(text) != "-":
        console.print(converter_table(design))
    if text is not None and str(text) == "-":
        console.print(lines, end="", highlight=False, markup=False, soft_wrap=True)
    elif text is not None:
        write_whole(text, lines)
        console.print(f"Stopped after stage {stop}; written to {text}", soft_wrap=True)
    if text is None or request.output is not None:
        decisions = decisions_of(design, request.config).to_json()
        write_stopped({DUMP_FILE: lines, DECISIONS_FILE: decisions}, folder)
        console.print(f"Stopped after stage {stop}:")
        show_folder(folder, console)
    return design


def _compile(
    request: BuildRequest,
    board: Board,
    model: Model,
    console: Console,
    shown: Progress,
    task: TaskID,
    seconds: dict[str, float],
    *,
    stop: str | None = None,
) -> Design:
    if model.origin is Origin.RANDOM:
        console.print(
            f"[yellow]{model.name}: no weights were given, so they are seeded random ones: cycles "
            "and cells are real, the text is not[/yellow]"
        )

    def on_stage(name: str, took: float) -> None:
        seconds[name] = round(took, 3)
        done = len(seconds)
        says = STAGES[done].says if done < len(STAGES) else "Verilog"
        shown.update(task, completed=done, detail=says)

    return compile_model(
        model, board, request.config, on_stage=on_stage, stop=stop, decisions=request.decided
    )


def show_folder(folder: Path, console: Console) -> None:
    """Prints the files of a build with their sizes."""
    for file in sorted(folder.iterdir()):
        if not file.name.startswith("."):
            console.print(f"  {file}  [dim]{file.stat().st_size:,} bytes[/dim]", soft_wrap=True)


def _warn(facts: Facts, console: Console) -> None:
    """Says which queues were decided to be less deep than the linear program wants."""
    depth = {stream.name: stream.depth for stream in facts.streams}
    for flow in facts.flows:
        if depth[flow.stream] < flow.depth:
            console.print(
                f"[yellow]FIFO {flow.stream} has {depth[flow.stream]:,} beats by decision, the "
                f"program wants {flow.depth:,}: the design may be slower, or wait for ever[/yellow]"
            )


def _key(request: BuildRequest, board: Board, model: Model) -> str:
    """Digest of all that decides a build's bytes: model, weights, board, choices, our own code."""
    digest = hashlib.sha256()
    for what in (repr(model.graph), repr(board), repr(request.config), repr(request.decided),
                 model.origin.value):  # fmt: skip
        digest.update(what.encode())
    if model.origin is not Origin.RANDOM:
        for name in model.weights:
            digest.update(name.encode())
            digest.update(model.weights[name].tobytes())
    home = Path(streamhw.__file__).parent
    for file in sorted(home.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
