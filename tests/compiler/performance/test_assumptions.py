# SPDX-License-Identifier: Apache-2.0
"""What an estimate takes for decided is an input of its own, not a matter of the design's type."""

from dataclasses import replace

from streamhw.compiler.fifo import MINIMUM
from streamhw.compiler.ir.levels import Netlist, PlacedNetlist, SizedNetlist
from streamhw.compiler.performance.assumptions import before_sizing, of_placed, of_sized
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.performance.timeline import FIFO_LATENCY
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
            assert assumed.queue_latency[channel.name] == queue_latency(design.queues[channel.name])
        assert assumed.bounded and assumed.prefetch == design.depths.ahead


def test_before_sizing_queues_are_the_least(design: PlacedNetlist) -> None:
    assumed = before_sizing(design.to(Netlist))
    dmas = set(assumed.port)
    for channel in design.channels:
        kind = MINIMUM if channel.sink.instance in dmas else None
        least = FIFO_LATENCY if kind is None else queue_latency(kind)
        if channel.source.instance in dmas:
            least = 0
        assert assumed.queue_latency[channel.name] == least
    assert not assumed.bounded and assumed.prefetch == design.target.prefetch


def test_dmas_are_where_they_were_placed(design: PlacedNetlist) -> None:
    """Before that, all share a port on memory's die."""
    placed, sized = of_placed(design), of_sized(design)
    assert placed.port == {n: ports[0] for n, ports in design.placement.ports.items()}
    assert sized.shared == set(placed.port) and set(sized.boundaries.values()) == {0}
    own = {name: (f"own_{name}",) for name in placed.port}
    apart = replace(design, placement=replace(design.placement, ports=own))
    assert of_placed(apart).shared == frozenset()
