# SPDX-License-Identifier: Apache-2.0
"""Cycles that small streams may close are opened by depth."""

from streamhw.compiler.fifo.deadlock import prove
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.sizing.dependency_cycles import closing_stream, smaller_converters
from streamhw.compiler.sizing.wait_graph import waits_of


def test_a_sized_design_has_no_stream_to_widen(design: PlacedNetlist) -> None:
    waits = waits_of(design, design.queues)
    assert (
        closing_stream(design.channels, design.queues, waits, prove(waits), design.queues) is None
    )


def test_converters_that_must_hold_their_tensor_say_why(design: PlacedNetlist) -> None:
    names = {instance.name for instance in design.instances}
    for name, way in smaller_converters(design, design.queues):
        assert name in names
        assert len(way) >= 2
