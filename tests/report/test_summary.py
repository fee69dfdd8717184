# SPDX-License-Identifier: Apache-2.0
"""The numbers of a design add up, and are those that its parts and decisions state."""

import json
from pathlib import Path

import pytest

import streamhw
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.compiler.sizing.prefetch_depth import queue_beats
from streamhw.report.facts_of_design import gather
from streamhw.report.summary import Summary, summarize
from tests.tiny import write_tiny


def test_cells_add_up(design: PlacedNetlist, summary: Summary) -> None:
    assert sum((row.cells for row in summary.kernels), summary.queues) == summary.total
    (die,) = summary.dies
    assert die.cells == summary.total and die.budget == summary.budget
    assert {row.name for row in summary.kernels} == set(design.placement.cells)
    assert isinstance(summary.total, Cells)


def test_rows_of_parts(design: PlacedNetlist, summary: Summary) -> None:
    rows = {row.name: row for row in summary.kernels}
    engine = design.instance("matmul_w8").part
    assert rows["matmul_w8"].macs == engine.behaviour().multiplies == 32
    assert rows["attention_scores"].macs == rows["attention_values"].macs == 4
    assert rows["norm_1"].macs == 0 and (rows["norm_1"].interval or 0) > 0
    assert rows["sequencer"].interval is None and not rows["sequencer"].computes
    kinds = [row.kind for row in summary.kernels if row.name not in design.placement.ports]
    assert rows["control"].kind == "control" and kinds.count("arbiter") == 2
    assert rows["recovery"].kind == "control"
    assert kinds.count("guard") == 1 + 2 * len(design.board.ports)  # and the record of faults


def test_what_computes(summary: Summary) -> None:
    """Not what cuts a value into its shares, nor what makes lengths of a step."""
    computes = {row.kind for row in summary.kernels if row.computes}
    assert {"Matmul", "Softmax", "Scores", "Values", "Add", "Converter"} <= computes
    assert not {"Split", "CausalLengths", "fork", "DMA"} & computes
    assert {"Split", "CausalLengths"} <= {row.kind for row in summary.kernels}


def test_fifos_are_the_queues(design: PlacedNetlist, summary: Summary) -> None:
    depths = {row.name: row.depth for row in summary.fifos}
    beats = {channel.name: queue_beats(design, channel) for channel in design.channels}
    assert depths == {name: depth for name, depth in beats.items() if depth}
    deep = {row.name for row in summary.fifos if row.binding}
    assert {"residual_1_i_a", "residual_2_i_a"} <= deep
    assert all(row.proof for row in summary.fifos)


def test_the_file_for_other_programs(summary: Summary) -> None:
    data = json.loads(summary.to_json({"tile": 0.25}))
    assert data["schema"] == 2 and data["stage_seconds"] == {"tile": 0.25}
    assert data["model"] == "tiny" and data["weights"] == "checkpoint"
    assert data["total"]["luts"] == summary.total.luts
    assert len(data["kernels"]) == len(summary.kernels)
    assert data["token_cycles"] == summary.token_cycles
    (port,) = data["ports"]
    assert "attention_key_read" in port["clients"] and port["cycles"] > 0


@pytest.mark.parametrize("context", [2, 3])
def test_the_shortest_contexts(tmp_path: Path, context: int) -> None:
    model = streamhw.load(write_tiny(tmp_path / "tiny", context=context))
    design = streamhw.compile(model, "sim", BuildConfig(multipliers=32))
    assert isinstance(design, PlacedNetlist)
    summary = summarize(design, "checkpoint")
    assert list(summary.token_cycles) == ["1"] and summary.token_cycles["1"] > 0
    assert list(summary.prompt_cycles) == [str(n) for n in range(1, context, context - 2 or 1)]
    assert gather(design, "checkpoint").activities
