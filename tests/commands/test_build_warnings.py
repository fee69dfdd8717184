# SPDX-License-Identifier: Apache-2.0
"""What is said of depths: nothing of a queue that the target bounds, unless less was decided."""

from dataclasses import replace

import pytest

from streamhw.boards.base import load_board
from streamhw.commands.build_warnings import warn_of_depths
from streamhw.commands.console import console_for
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.pipeline import compile_model
from streamhw.report.facts_of_design import gather
from tests.tiny import tiny_decoder

PREFETCH = 16


def test_a_queue_that_the_target_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    board = load_board("sim")
    board = replace(board, target=replace(board.target, prefetch=PREFETCH))
    design = compile_model(tiny_decoder(), board, BuildConfig(multipliers=4))
    facts = gather(design, "random")
    (flow,) = (flow for flow in facts.flows if flow.sink == "parameter_demux")
    (queue,) = (stream for stream in facts.streams if stream.name == flow.stream)
    assert queue.depth == queue.most == PREFETCH
    facts = replace(facts, flows=(replace(flow, depth=100),))
    warn_of_depths(facts, console_for())
    assert capsys.readouterr().out == ""

    streams = tuple(replace(s, depth=8) if s is queue else s for s in facts.streams)
    warn_of_depths(replace(facts, streams=streams), console_for())
    (line,) = capsys.readouterr().out.splitlines()
    assert f"FIFO {flow.stream} has 8 beats by decision, the program wants {PREFETCH}" in line
