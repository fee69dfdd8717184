# SPDX-License-Identifier: Apache-2.0
"""The linear program of a timeline: its streams are those of the design, its schedule exists."""

import pytest

from streamhw.compiler.fifo import earliest, size_fifos, verify
from streamhw.compiler.ir.levels import Netlist, PlacedNetlist
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.sizing.fifo_program import program_of

VALUES = {"tokens": 2, "length": (3, 4)}


@pytest.mark.parametrize("scope", ["entry", "body", "tail"])
def test_a_program_has_streams_of_the_design(design: PlacedNetlist, scope: str) -> None:
    estimate = Estimate.before_sizing(design.to(Netlist))
    program = program_of(estimate, getattr(estimate, scope), VALUES)
    names = {channel.name for channel in design.channels}
    assert {stream.name for stream in program.streams} <= names
    assert earliest(program)


def test_its_depths_have_a_schedule(design: PlacedNetlist) -> None:
    estimate = Estimate.before_sizing(design.to(Netlist))
    program = program_of(estimate, estimate.body, VALUES)
    answer = size_fifos([program])
    verify(answer.certificates[0])
    assert set(answer.depth) == {stream.name for stream in program.streams}
    assert min(answer.depth.values()) >= 1


def test_results_of_an_engine_leave_in_order(design: PlacedNetlist) -> None:
    """They share the queue of its drain, however long the first of them must wait."""
    estimate = Estimate.before_sizing(design.to(Netlist))
    program = program_of(estimate, estimate.body, VALUES)
    products = [t for t in estimate.body.tasks if t.resource == "matmul_w4"]
    rules = [rule for rule in program.rules if rule.why == "results of matmul_w4 in order"]
    assert len(rules) == len(products) - 1 > 1
    for rule, before, after in zip(rules, products, products[1:], strict=False):
        assert {event.owner for event, _ in rule.terms} == {before.name, after.name}
