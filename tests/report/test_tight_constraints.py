# SPDX-License-Identifier: Apache-2.0
"""Chains of constraints without slack lead from a write to its read."""

import pytest

from streamhw.compiler.fifo import FIRST, Event, Side
from streamhw.report.facts import Facts


def test_paths_lead_from_write_to_read(facts: Facts) -> None:
    waiting = [flow for flow in facts.flows if flow.path and flow.sink != "parameter_demux"]
    assert {"residual_1_i_a", "residual_2_i_a"} <= {flow.stream for flow in waiting}
    for flow in waiting:
        first, *_, last = flow.path
        assert first.event is not None and last.event is not None
        assert first.event.beat == FIRST or flow.beats == 1
        assert first.cycle <= flow.written[0] <= flow.read[0] == pytest.approx(last.cycle)
        assert (last.event.owner, last.event.side) == (flow.sink, Side.INPUT)
        assert all(step.why for step in flow.path[1:])
        assert f"beats of {flow.stream}" not in {step.why for step in flow.path}


def test_path_of_parameters(facts: Facts) -> None:
    """From the request of the beat that waits longest to its use by its own product."""
    (flow,) = (flow for flow in facts.flows if flow.sink == "parameter_demux")
    first, *_, last = flow.path
    assert first.event is not None
    assert last.event == Event(first.event.owner, Side.INPUT, first.event.beat)
    assert last.cycle - first.cycle == pytest.approx(flow.delay + 1, abs=0.2)
