# SPDX-License-Identifier: Apache-2.0
"""``streamhw report``: a build as one HTML file that needs no server and no network."""

from pathlib import Path

from rich.text import Text

from ..api.kept_errors import read_errors
from ..compiler.backend.build_dir import read_build
from ..compiler.ir.levels import PlacedNetlist
from ..compiler.performance.estimate import Estimate
from ..report.bench import Bench
from ..report.exploration import Front
from ..report.facts_of_design import gather
from ..report.html.page import page
from ..report.measured import Measured
from ..report.predicted_bench import empty_bench, predicted_point
from ..report.profile import StepProfile
from ..report.summary import summarize
from ..runtime.manifest import Manifest
from ..whole_file import write_whole
from .records.designs import ReportRecord
from .show import Console

__all__ = ["HTML_FILE", "report"]

HTML_FILE = "report.html"
PREDICTED = 32
"""Tokens of prompt and answer of which the roofline has predictions, if nothing else is there."""


def report(folder: Path, output: Path | None, console: Console) -> Path:
    """Writes the page of a build, whole or not at all, into its folder if no file is named.

    Raises ``UserError`` if the folder is no build, or the file cannot be written.
    """
    manifest, design = read_build(folder)
    measured, front, measures = Measured.load(folder), Front.load(folder), Bench.load(folder)
    profiled = StepProfile.load(folder)
    if front is not None and (front.model, front.board) != (design.graph.name, design.board.name):
        front = None
    if measured is not None and measured.source != manifest.source:
        measured = None
    if measures is not None and measures.key != manifest.source:
        measures = None
    if profiled is not None and profiled.source != manifest.source:
        profiled = None
    step = None if measured is None else measured.step
    facts = gather(design, manifest.weights, None if step is None else step.position)
    if measures is None:
        measures = _predicted(design, manifest)
    summary, errors = summarize(design, manifest.weights), read_errors(folder, manifest)
    text = page(facts, summary, measured, front, measures, profiled, errors)
    file = output or folder / HTML_FILE
    if file.is_dir():
        file = file / HTML_FILE
    write_whole(file, text)
    said = Text.assemble(f"Written to {file}  ", (f"{len(text):,} bytes", "dim"))
    console.print(said, soft_wrap=True)
    console.tell(ReportRecord(file=str(file), bytes=file.stat().st_size))
    return file


def _predicted(design: PlacedNetlist, manifest: Manifest) -> Bench:
    """The roofline with one answer, as long as the context allows, by the cost model."""
    empty = empty_bench(design, manifest.source, manifest.weights)
    length = min(PREDICTED, design.graph.context // 2)
    return empty.merged([predicted_point(Estimate.placed(design), length, length)], ())
