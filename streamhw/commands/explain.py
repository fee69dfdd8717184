# SPDX-License-Identifier: Apache-2.0
"""``streamhw explain``: why an edge has its converter and its FIFO."""

from pathlib import Path

from ..compiler.backend.build_dir import read_build
from ..report.edges import DataflowEdge, edges_of, find_edge
from ..report.explain import Section
from ..report.explain import explain as sections_of
from ..report.facts import Facts
from ..report.facts_of_design import gather
from ..report.fitted_table import FittedTable, numbers, words
from .records.designs import EdgeRecord, EdgeSection
from .show import Console

__all__ = ["explain"]


def explain(folder: Path, edge: str | None, console: Console, *, everything: bool = False) -> None:
    """Prints one edge of a build in full, or a table of all that carry values.

    everything: also those of control, commands and memory beats

    Raises ``UserError`` if the folder is no build or has no such edge.
    """
    manifest, design = read_build(folder)
    facts = gather(design, manifest.weights)
    if edge is None:
        _list(facts, console, everything)
        return
    found = find_edge(facts, edge)
    sections = sections_of(found, facts)
    console.tell(_record(found, sections))
    for number, section in enumerate(sections):
        if number:
            console.print()
        console.print(section.title, style="bold", soft_wrap=True)
        for line in section.lines:
            console.print(f"  {line}", soft_wrap=True)


def _list(facts: Facts, console: Console, everything: bool) -> None:
    table = FittedTable(
        [
            *words("edge"),
            *words("from", keeps=2),
            *words("scope", keeps=1),
            *numbers("converter bits", "FIFO beats"),
            *numbers("FIFO bits", keeps=3),
        ],
        title=f"{facts.model} on {facts.board}: edges from part to part",
    )
    edges = edges_of(facts)
    shown = [edge for edge in edges if everything or edge.value is not None]
    for edge in shown:
        console.tell(_record(edge))
        bits = _converter_bits(edge)
        table.add_row(
            edge.name,
            str(edge.source),
            edge.scope.value,
            f"{bits:,}" if bits else "",
            " + ".join(f"{stream.depth:,}" for stream in edge.streams),
            f"{edge.queue_bits:,}",
        )
    hidden = len(edges) - len(shown)
    more = f"; {hidden} of control and memory beats with --all" if hidden else ""
    table.caption = f"{len(shown)} edges{more}; `explain BUILD EDGE` says why one is as it is"
    console.print(table)


def _converter_bits(edge: DataflowEdge) -> int:
    return sum(part.converter.bits for part in edge.through if part.converter is not None)


def _record(edge: DataflowEdge, about: tuple[Section, ...] = ()) -> EdgeRecord:
    return EdgeRecord(
        name=edge.name,
        source=str(edge.source),
        sink=str(edge.sink),
        scope=edge.scope.value,
        value=edge.value,
        converter_bits=_converter_bits(edge),
        fifo_beats=tuple(stream.depth for stream in edge.streams),
        fifo_bits=edge.queue_bits,
        about=tuple(EdgeSection(title=part.title, lines=part.lines) for part in about),
    )
