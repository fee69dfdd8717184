# SPDX-License-Identifier: Apache-2.0
"""Sizing of a whole design: at every value of the symbols, in both equalizations, and in time."""

import time

import pytest

from streamhw.compiler.fifo import Equalization, FifoProgram, earliest, size_fifos, verify
from streamhw.compiler.ir.levels import Netlist, SizedNetlist
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.sizing.fifo_program import program_of
from streamhw.compiler.sizing.stage import scenarios, sized, with_sized_prefetch
from streamhw.errors import InternalError


def unsized(design: Netlist) -> Estimate:
    """The timelines that depths are made for."""
    return Estimate.before_sizing(design.to(Netlist))


def programs(design: Netlist, tokens: int, end: int) -> list[FifoProgram]:
    """Of all invocations, for a step of ``tokens`` whose last row has length ``end``."""
    estimate = unsized(design)
    symbol_values = {"tokens": tokens, "length": tuple(range(end - tokens + 1, end + 1))}
    timelines = (estimate.entry, estimate.body, estimate.tail)
    return [program_of(estimate, timeline, symbol_values) for timeline in timelines]


@pytest.mark.parametrize("every", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_depths_hold_at_every_value(design: Netlist, every: int) -> None:
    """With the depths of the corners, no result is a cycle late at any number of tokens and any
    length."""
    depth = design.depths.depth
    group, context = design.tiling.token_batch, design.graph.context
    values = [(n, end) for n in range(1, group + 1) for end in range(n, context + 1)]
    for tokens, end in values[::every]:
        for program in programs(design, tokens, end):
            free, ours = earliest(program), earliest(program, depth)
            for event in program.results:
                assert ours[event] < free[event] + 1, (tokens, end, event)


def test_half_of_a_residual_has_no_schedule(design: Netlist) -> None:
    """What hangs in hardware has no straight lines either."""
    depth = {**design.depths.depth}
    depth["residual_1_i_a"] //= 2
    with pytest.raises(InternalError, match=r"^FIFO sizing must have a schedule"):
        for program in programs(design, design.tiling.token_batch, design.graph.context):
            earliest(program, depth)


@pytest.mark.parametrize("equalization", list(Equalization))
def test_certificates(design: Netlist, equalization: Equalization) -> None:
    estimate = unsized(design)
    for timeline in (estimate.entry, estimate.body, estimate.tail):
        found = [program_of(estimate, timeline, values) for values in scenarios(estimate)]
        answer = size_fifos(found, equalization)
        assert len(answer.certificates) == 4
        for certificate in answer.certificates:
            verify(certificate)


def test_converters_wait_for_nobody(design: Netlist) -> None:
    """The query is taken as it comes, since its converter holds it; only residuals wait, whole."""
    depths = design.depths
    tokens = {c.name: c.consumed.beats() for c in design.channels if c.value is not None}
    assert depths.depth["attention_scores_i_q_convert_i"] == 2
    assert depths.depth["residual_1_i_a"] == tokens["residual_1_i_a"]
    assert {n for n, d in depths.depth.items() if d > 16} == {"residual_1_i_a", "residual_2_i_a"}


def test_sizing_takes_less_than_a_second(design: Netlist) -> None:
    begin = time.process_time()
    queues, depths = sized(design)
    again = with_sized_prefetch(design.to(SizedNetlist, queues=queues, depths=depths))
    took = time.process_time() - begin
    print(f"{len(queues)} streams in {took:.2f} s")
    assert took < 1
    assert again.queues == design.queues
    assert again.depths.depth == design.depths.depth
    assert again.depths.ahead == design.depths.ahead
