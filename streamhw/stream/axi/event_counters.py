# SPDX-License-Identifier: Apache-2.0
"""Counters that the host reads: what an observed stream did since the start, beats of each port."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from . import register_map as registers

__all__ = ["EventCounters"]


class EventCounters(wiring.Component):
    """Counts cycles in which something happens, with ``registers.COUNTER_BITS`` bits each.

    The counters of the stream are cleared by a start, and count while the machine is busy. Those of
    the ports only wrap, so that beats between two answers are counted as well.

    Parameters  ports: memory ports, at least 1
    Members     start: In(1), a pulse;  busy: In(1)
                handshake: In(2), of the observed stream: valid, ready
                reads, writes: In(ports), a beat passes at the port
                number: In, of a counter, in the order of the register map
                value: Out, of it, 1 cycle later
    Raises      ValueError: if there is no port
    """

    def __init__(self, *, ports: int):
        if ports < 1:
            raise ValueError(f"EventCounters ports must be at least 1, not {ports}")
        self._count = registers.counters(ports)
        super().__init__(
            {
                "start": In(1),
                "busy": In(1),
                "handshake": In(2),
                "reads": In(ports),
                "writes": In(ports),
                "number": In(range(self._count)),
                "value": Out(registers.COUNTER_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valid, ready = self.handshake
        counts = [
            Signal(registers.COUNTER_BITS, name=f"count_{number}") for number in range(self._count)
        ]
        stream, ports = counts[: -2 * len(self.reads)], counts[-2 * len(self.reads) :]
        for count, event in zip(
            stream, (valid & ready, valid & ~ready, ready & ~valid), strict=True
        ):
            with m.If(self.start):
                m.d.sync += count.eq(0)
            with m.Elif(self.busy & event):
                m.d.sync += count.eq(count + 1)
        passed = [beat for pair in zip(self.reads, self.writes, strict=True) for beat in pair]
        for count, beat in zip(ports, passed, strict=True):
            with m.If(beat):
                m.d.sync += count.eq(count + 1)
        with m.Switch(self.number):
            for number, count in enumerate(counts):
                with m.Case(number):
                    m.d.sync += self.value.eq(count)
        return m
