# SPDX-License-Identifier: Apache-2.0
"""Timing of mapped conversions against that of two buffers."""

from dataclasses import replace

from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.paged_timing import MapSchedule
from streamhw.stream.converter.spec import ConverterSpec
from tests.stream.converter.pairs import valid_pairs


def mapped(source, target):
    return ConverterSpec(source=source, target=target, kind=BufferKind.MAPPED)


def test_the_rate_of_two_buffers():
    count = 0
    for spec in valid_pairs(5, 600):
        if spec.pages is None or any(s.ragged for s in spec.symbols):
            continue
        if spec.source.lanes < spec.plan.lanes:
            continue
        bounds = {s.name: s.bound for s in spec.symbols}
        two = replace(spec, kind=BufferKind.PING_PONG).timing(bounds).interval
        timing = mapped(spec.source, spec.target).timing(bounds)
        assert timing.interval <= two, f"{spec.source} to {spec.target}"
        count += 1
    assert count > 50, count


def test_later_blocks_come_at_the_interval():
    count = 0
    for spec in valid_pairs(6, 200):
        if spec.pages is None:
            continue
        converter = mapped(spec.source, spec.target)
        bounds = {s.name: s.bound for s in spec.symbols}
        first, *_, before, last = MapSchedule(converter, bounds, invocations=5).reads
        assert last - before == converter.timing(bounds).interval
        assert first == MapSchedule(converter, bounds, invocations=1).reads[0]
        count += 1
    assert count > 20, count
