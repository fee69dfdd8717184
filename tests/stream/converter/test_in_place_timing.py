# SPDX-License-Identifier: Apache-2.0
"""Timing in place against that of two buffers."""

from math import prod

from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.in_place_timing import PlaceSchedule
from streamhw.stream.converter.spec import ConverterSpec
from tests.stream.converter.pairs import valid_pairs


def in_place(source, target):
    return ConverterSpec(source=source, target=target, kind=BufferKind.IN_PLACE)


def test_the_rate_of_two_buffers():
    """One block keeps the rate of two wherever a source beat is a whole word."""
    count = 0
    for spec in valid_pairs(5, 300):
        if spec.place is None or spec.plan.words == 1 or spec.source.lanes < spec.plan.lanes:
            continue
        if any(symbol.ragged for symbol in spec.symbols):
            continue
        bounds = {s.name: s.bound for s in spec.symbols}
        blocks = prod(loop.bound for loop in spec.plan.shared)
        writes = blocks * prod(loop.bound for loop in spec.plan.source)
        timing = in_place(spec.source, spec.target).timing(bounds)
        assert timing.interval == max(writes, spec.target.beats(bounds))
        count += 1
    assert count > 60, count


def test_later_blocks_come_at_the_interval():
    count = 0
    for spec in valid_pairs(6, 200):
        if spec.place is None:
            continue
        converter = in_place(spec.source, spec.target)
        bounds = {s.name: s.bound for s in spec.symbols}
        first, *_, before, last = PlaceSchedule(converter, bounds, invocations=5).reads
        assert last - before == converter.timing(bounds).interval
        assert first == PlaceSchedule(converter, bounds, invocations=1).reads[0]
        count += 1
    assert count > 20, count
