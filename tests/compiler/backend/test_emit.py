# SPDX-License-Identifier: Apache-2.0
"""Verilog and manifest of a design: equal bytes each time, and all that drivers must know."""

import hashlib

import pytest

from streamhw.compiler.backend.emit import Emitted, emit
from streamhw.compiler.ir.levels import PlacedNetlist


@pytest.fixture(scope="module")
def emitted(design: PlacedNetlist) -> Emitted:
    return emit(design)


def test_the_digest_is_that_of_everything_before_it(emitted: Emitted) -> None:
    text, _, identity = emitted.verilog.partition("\nmodule build_identity(")
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert emitted.manifest.digest == digest
    assert f"32'h{digest[-8:]};" in identity


def test_equal_designs_give_equal_bytes(emitted: Emitted, design: PlacedNetlist) -> None:
    assert emit(design) == emitted


def test_the_manifest_has_each_stream_and_queue(emitted: Emitted, design: PlacedNetlist) -> None:
    streams = {stream.name: stream for stream in emitted.manifest.streams}
    assert set(streams) == {channel.name for channel in design.channels}
    queues = {queue.name: queue.depth for queue in emitted.manifest.queues}
    assert queues == {name: depth for name, depth in design.queues.items() if depth}
    for channel in design.channels:
        assert streams[channel.name].width == channel.consumed.beat_bits
        assert streams[channel.name].valid in emitted.verilog


def test_memory_is_as_the_map_says(emitted: Emitted, design: PlacedNetlist) -> None:
    assert emitted.manifest.memory.bytes == design.memory.total
    assert len(emitted.manifest.ports) == len(design.board.ports)
