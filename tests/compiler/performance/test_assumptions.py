# SPDX-License-Identifier: Apache-2.0
"""What an estimate takes for decided is an input of its own, not a matter of the design's type."""

from dataclasses import replace

from streamhw.compiler.ir.levels import Netlist, PlacedNetlist, SizedNetlist
from streamhw.compiler.performance.assumptions import before_sizing, of_placed, of_sized
from streamhw.compiler.performance.estimate import Estimate
from streamhw.stream.queue import queue_latency


def test_the_type_of_a_design_says_nothing(design: PlacedNetlist) -> None:
    """A level holds what those before it hold: it may be taken as each of them."""
    assert of_sized(design) == of_sized(design.to(SizedNetlist))
    assert before_sizing(design) == before_sizing(design.to(Netlist))
    assumed = before_sizing(design)
    as_placed, as_netlist = (Estimate(d, assumed) for d in (design, design.to(Netlist)))
    assert as_placed.answer(4, 6) == as_netlist.answer(4, 6)


def test_queues_are_as_deep_as_they_are(design: PlacedNetlist) -> None:
    for assumed in (of_sized(design), of_placed(design)):
        for channel in design.channels:
            assert assumed.queue_latency[channel.name] == queue_latency(channel.depth)
        assert assumed.bounded and assumed.prefetch == design.depths.ahead


def test_before_sizing_depths_are_not_asked_for(design: PlacedNetlist) -> None:
    """But for what DMAs read, whose queues come with them."""
    dmas = set(of_placed(design).port)
    deeper = replace(
        design,
        channels=tuple(
            c if c.source.instance in dmas else replace(c, depth=4096) for c in design.channels
        ),
    )
    assumed = before_sizing(design)
    assert before_sizing(deeper) == assumed
    assert not assumed.bounded and assumed.prefetch == design.target.prefetch


def test_dmas_are_where_they_were_placed(design: PlacedNetlist) -> None:
    """Before that, all share a port on memory's die."""
    placed, sized = of_placed(design), of_sized(design)
    assert placed.port == {n: ports[0] for n, ports in design.placement.ports.items()}
    assert sized.shared == set(placed.port) and set(sized.boundaries.values()) == {0}
    own = {name: (f"own_{name}",) for name in placed.port}
    apart = replace(design, placement=replace(design.placement, ports=own))
    assert of_placed(apart).shared == frozenset()
