# SPDX-License-Identifier: Apache-2.0
"""``streamhw build``: a model and a board to Verilog, manifest, memory image and report."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.progress import Progress, TaskID

from ..api import build as api_build
from ..api import compile as api_compile
from ..api.build import Build, default_folder
from ..boards.base import Board, load_board
from ..compiler.backend.build_dir import (
    DUMP_FILE,
    check_folder,
    write_stopped,
    written_files,
)
from ..compiler.config import BuildConfig
from ..compiler.ir.levels import Dataflow, Quantized
from ..compiler.overrides import DECISIONS_FILE, Decisions, decisions_of, differing
from ..compiler.pipeline import STAGES, check_stage
from ..compiler.text_dump import dump
from ..errors import UserError
from ..frontend import Model, load
from ..report.tables import converter_table, print_summary
from ..whole_file import write_whole
from .build_warnings import (
    context_hinted,
    note_origin,
    warn_of_context,
    warn_of_depths,
    warn_of_quality,
)
from .chosen_bits import bits_shown
from .model_options import model_options
from .records.builds import BuildRecord, StoppedRecord, sizes_of
from .show import Console, progress, show_file

__all__ = [
    "BuildRequest",
    "build",
    "build_until",
    "request_with_bits",
    "reuse_or_build",
    "settled",
    "stage_shower",
]


@dataclass(frozen=True, kw_only=True)
class BuildRequest:
    """What the user typed.

    model: a name or a Hugging Face directory; board: a name or a file; weights: a safetensors file
    or directory instead of the model's own; context: positions to build for, if fewer than it has;
    layers: the first ones that are used, if not all; calibration: text to measure formats on
    output: the build folder, ``build/<model>-<board>`` if None
    begin: the first stage that decides anew; the earlier ones are as in ``source``, a build or its
    file of decisions (None: what is in the build folder); decided: these, once ``settled``
    """

    model: str
    board: str = "sim"
    weights: Path | None = None
    context: int | None = None
    layers: int | None = None
    calibration: Path | None = None
    output: Path | None = None
    config: BuildConfig = field(default_factory=BuildConfig)
    begin: str | None = None
    source: Path | None = None
    decided: Decisions | None = None

    @property
    def folder(self) -> Path:
        return self.output or default_folder(self.model, self.board)

    def load(self) -> Model:
        """The model; raises ``UserError``."""
        return load(
            self.model,
            self.weights,
            context=self.context,
            layers=self.layers,
            calibration=self.calibration,
        )


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


def build(request: BuildRequest, console: Console) -> Build:
    """Compiles and writes a build folder, and prints its table.

    Raises ``UserError`` or ``BuildError`` with one sentence; nothing is half-written.
    """
    return _built(settled(request), console, reuse=False)


def reuse_or_build(request: BuildRequest, console: Console) -> Build:
    """The build in the request's folder if it is of the same model, board, choices and compiler,
    else a new one."""
    return _built(settled(request), console, reuse=True)


def _built(request: BuildRequest, console: Console, *, reuse: bool) -> Build:
    begin = time.perf_counter()
    seconds: list[float] = []
    board, model = load_board(request.board), request.load()
    note_origin(model, console)
    request = request_with_bits(request, model, board, console)
    with progress(console) as shown, context_hinted(model):
        task = shown.add_task("compile", total=len(STAGES), detail=STAGES[0].says)
        built = api_build.build(
            model,
            board,
            request.config,
            folder=request.folder,
            decisions=request.decided,
            reuse=reuse,
            on_stage=stage_shower(shown, task, seconds),
            on_share=lambda share: shown.update(task, detail=f"{STAGES[0].says}, {share:.0%}"),
            on_bytes=lambda done, total: shown.update(
                task, description="memory image", detail="", completed=done, total=total
            ),
        )
    warn_of_quality(
        built,
        [request.model, "--board", request.board],
        model_options(request.weights, request.context, request.layers, request.calibration),
        console,
    )
    if console.scripted:
        console.tell(BuildRecord.of(built, time.perf_counter() - begin))
    if built.reused:
        console.print(f"Reusing the build in {request.folder}", soft_wrap=True)
        return built
    print_summary(built.report, console)
    warn_of_depths(built.facts, console)
    warn_of_context(built, console)
    took = time.perf_counter() - begin
    console.print(f"Graph to Verilog in {sum(seconds):.1f} s, all files in {took:.1f} s:")
    show_folder(request.folder, console)
    return built


def build_until(
    request: BuildRequest, stop: str, console: Console, *, text: Path | None = None
) -> Quantized:
    """Compiles up to a stage; writes the dump and the decisions of the design so far.

    text: a file that gets the dump instead of the folder; ``-`` is standard output

    Raises as ``build`` does.
    """
    check_stage(stop)
    if console.scripted and str(text) == "-":
        raise UserError("Option --dump must name a file with --json, not standard output")
    request = settled(request)
    folder = request.output or request.folder.with_name(f"{request.folder.name}-{stop}")
    if text is None or request.output is not None:
        check_folder(folder, whole=False)
    board = load_board(request.board)
    model = request.load()
    request = request_with_bits(request, model, board, console)
    with progress(console) as shown, context_hinted(model):
        total = [stage.name for stage in STAGES].index(stop) + 1
        task = shown.add_task("compile", total=total, detail=STAGES[0].says)
        design = api_compile.compile(
            model,
            board,
            request.config,
            stop=stop,
            decisions=request.decided,
            on_stage=stage_shower(shown, task, []),
        )
    note_origin(model, console)
    lines = dump(design)
    if stop == "convert" and isinstance(design, Dataflow) and str(text) != "-":
        console.print(converter_table(design))
    if text is not None and str(text) == "-":
        console.print(lines, end="", soft_wrap=True)
    elif text is not None:
        write_whole(text, lines)
        console.print(f"Stopped after stage {stop}; written to {text}", soft_wrap=True)
    if text is None or request.output is not None:
        decisions = decisions_of(design, request.config).to_json()
        write_stopped({DUMP_FILE: lines, DECISIONS_FILE: decisions}, folder, stop)
        console.print(f"Stopped after stage {stop}:")
        show_folder(folder, console)
    if str(text) == "-":
        return design
    files = () if text is None else sizes_of(text.parent, {text.name})
    if text is None or request.output is not None:
        files += sizes_of(folder, written_files(folder))
    console.tell(StoppedRecord(stage=stop, files=files))
    return design


def stage_shower(
    shown: Progress, task: TaskID, seconds: list[float]
) -> Callable[[str, float], None]:
    """What moves a progress display from stage to stage; ``seconds`` gets what each took."""

    def on_stage(_: str, took: float) -> None:
        seconds.append(took)
        done = len(seconds)
        says = STAGES[done].says if done < len(STAGES) else "Verilog"
        shown.update(task, completed=done, detail=says)

    return on_stage


def request_with_bits(
    request: BuildRequest, model: Model, board: Board, console: Console
) -> BuildRequest:
    """The request with all bits of weights chosen; prints how, if they were not."""
    found = bits_shown(model, board, request.config.quantization, console)
    return replace(request, config=replace(request.config, quantization=found))


def show_folder(folder: Path, console: Console) -> None:
    """Prints the files that a build wrote into its folder, with their sizes."""
    for name in sorted(written_files(folder)):
        show_file(folder / name, console)
