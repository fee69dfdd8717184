# SPDX-License-Identifier: Apache-2.0
"""Credit bracket: lossless and in order under any stall, full rate, never a refused result."""

import pytest
from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from streamhw.stream.credit import Credit, credit_beats, credit_latency, credit_memory
from streamhw.stream.queue import queue_latency
from streamhw.testing import PATTERNS, run_streams


class Increment(wiring.Component):
    """A free-running pipeline of ``latency`` registers in a bracket."""

    def __init__(self, *, latency: int):
        self._latency = latency
        signature = stream.Signature(unsigned(8))
        super().__init__({"i": In(signature), "o": Out(signature), "refused": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.credit = credit = Credit(shape=unsigned(8), latency=self._latency)
        valid = Signal()
        payload = Signal(8)
        m.d.comb += [
            self.i.ready.eq(credit.may_enter),
            credit.enter.eq(self.i.valid & credit.may_enter),
            valid.eq(credit.enter),
            payload.eq(self.i.payload + 1),
        ]
        for stage in range(self._latency):
            valid_next = Signal(name=f"valid_{stage}")
            payload_next = Signal(8, name=f"payload_{stage}")
            m.d.sync += [valid_next.eq(valid), payload_next.eq(payload)]
            valid, payload = valid_next, payload_next
        m.d.comb += [credit.i_valid.eq(valid), credit.i_payload.eq(payload)]
        wiring.connect(m, credit.o, wiring.flipped(self.o))
        outstanding = Signal(range(credit.credits + 2))
        entered = credit.enter
        left = self.o.valid & self.o.ready
        m.d.sync += outstanding.eq(outstanding + entered - left)
        with m.If(outstanding > credit.credits):
            m.d.sync += self.refused.eq(1)
        return m


@pytest.mark.parametrize("latency", [0, 1, 2, 5, 12])
@pytest.mark.parametrize("sink", PATTERNS)
def test_lossless_under_stalls(latency, sink):
    beats = [(7 * n) % 256 for n in range(60)]
    for source in ("always", "often"):
        dut = Increment(latency=latency)
        run = run_streams(dut, inputs={"i": beats}, outputs={"o": 60}, source=source, sink=sink)
        assert run.beats["o"] == [(b + 1) % 256 for b in beats]


@pytest.mark.parametrize("latency", [0, 1, 7, 62, 63, 70])
def test_full_rate_and_latency(latency):
    beats = list(range(256)) * 2
    run = run_streams(Increment(latency=latency), inputs={"i": beats}, outputs={"o": 512})
    first = credit_latency(latency)
    assert run.offered["o"] == [first + n for n in range(512)]


def test_no_credit_is_to_spare():
    """One credit less would cost rate: the round trip takes exactly that many cycles."""
    for latency in (0, 3, 62, 63):
        beats = credit_beats(latency)
        assert beats == latency + queue_latency(beats) + 1


def test_never_more_under_way_than_places():
    def check(ctx, cycle):
        assert not ctx.get(dut.refused)

    for seed in range(3):
        dut = Increment(latency=4)
        run_streams(
            dut,
            inputs={"i": list(range(100))},
            outputs={"o": 100},
            source="often",
            sink="seldom",
            seed=seed,
            each_cycle=check,
        )


def test_memory():
    assert credit_memory(unsigned(8), 5).depth == 7
    assert credit_memory(unsigned(8), 5).width == 8


def test_errors():
    with pytest.raises(ValueError, match=r"^Credit latency must be at least 0, not -1$"):
        Credit(shape=unsigned(8), latency=-1)
    with pytest.raises(ValueError, match=r"^Credit shape must have at least 1 bit, not "):
        Credit(shape=unsigned(0), latency=1)
