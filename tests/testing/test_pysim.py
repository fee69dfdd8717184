# SPDX-License-Identifier: Apache-2.0
"""The bench in the Python simulator: payloads and cycles of a queue, and broken twins."""

from typing import Any

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from streamhw.stream.queue import Queue
from streamhw.testing import PATTERNS, StreamRuleError, run_streams


class Broken(wiring.Component):
    """A wire that changes its payload while it waits, or answers ready with what comes out."""

    i: In(stream.Signature(8))
    o: Out(stream.Signature(8))

    def __init__(self, *, counts: bool):
        self._counts = counts
        super().__init__()

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        count = Signal(8)
        m.d.sync += count.eq(count + 1)
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready),
            self.o.payload.eq(self.i.payload ^ count if self._counts else self.i.payload),
        ]
        return m


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_queue_passes(pattern: str) -> None:
    beats = list(range(30))
    run = run_streams(
        Queue(shape=8, depth=4),
        inputs={"i": beats},
        outputs={"o": 30},
        source=pattern,
        sink="often",
    )
    assert run.beats["o"] == beats and len(run.cycles["o"]) == 30 and run.length > 30


def test_broken_twins_are_found() -> None:
    streams: dict[str, Any] = {"inputs": {"i": [1, 2, 3]}, "outputs": {"o": 3}}
    with pytest.raises(StreamRuleError, match="a combinational path shows in cycle 0"):
        run_streams(Broken(counts=False), **streams)
    with pytest.raises(StreamRuleError, match="o did not hold its beat"):
        run_streams(Broken(counts=True), **streams, sink="singles", registered=False)
    with pytest.raises(StreamRuleError, match=r"no end after \d+ cycles, beats {'i': 3, 'o': 3}"):
        run_streams(Queue(shape=8, depth=4), inputs={"i": [1, 2, 3]}, outputs={"o": 4}, timeout=100)
