# SPDX-License-Identifier: Apache-2.0
"""Receives bytes from a serial line and tells bytes that cannot be ones of 8N1."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from .bit_timer import BitTimer, bit_time

__all__ = ["UartReceiver"]


class UartReceiver(wiring.Component):
    """8N1 as a stream of bytes; each bit is the majority of three samples around its middle.

    A start bit whose middle is 1 is noise, and ignored. A byte whose stop bit is 0 is lost: then
    the receiver waits until the line rests. A line that rests for the time of a byte always finds
    it waiting for a start bit.

    Parameters
    ----------
    clock: Hz
    baud: bits a second

    Members
    -------
    rx: the line, asynchronous; 1 at rest
    o: stream of bytes
    framing_error: 1 for a cycle when a byte has no stop bit
    line_break: with ``framing_error``, the line was 0 for the whole byte
    overrun: 1 for a cycle when a byte is lost since the one before was not taken
    idle: it waits for a start bit

    Timing: a byte is offered in the middle of its stop bit, 3 cycles later.
    Buffers: one byte. Stalls: a line cannot be stalled: see ``overrun``.
    Raises: ``ValueError`` if no time of a bit fits (``bit_time``).
    """

    def __init__(self, *, clock: float, baud: float):
        self._time = bit_time(clock=clock, baud=baud)
        super().__init__(
            {
                "rx": In(1, init=1),
                "o": Out(stream.Signature(8)),
                "framing_error": Out(1),
                "line_break": Out(1),
                "overrun": Out(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        m.submodules.timer = timer = BitTimer(time=self._time)

        # The timer starts when the line has been 0 for a cycle: it is one behind.
        middle, apart = self._time.whole // 2 - 1, max(1, self._time.whole // 8)
        samples = Signal(2)
        bit = Signal()  # what most samples say; valid when ``decided``
        decided = Signal()
        first, second = samples[0], samples[1]
        m.d.comb += [
            bit.eq((first & second) | (line & (first | second))),
            decided.eq(timer.cycle == middle + apart),
        ]
        with m.If((timer.cycle == middle - apart) | (timer.cycle == middle)):
            m.d.sync += samples.eq(Cat(line, first))

        received = Signal(8, reset_less=True)
        count = Signal(range(8))
        some = Signal()  # a bit of the byte is 1
        done = Signal()
        m.d.sync += [self.framing_error.eq(0), self.line_break.eq(0), self.overrun.eq(0)]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [timer.restart.eq(1), self.idle.eq(1)]
                with m.If(~line):
                    m.next = "START"
            with m.State("START"):
                m.d.sync += [count.eq(0), some.eq(0)]
                with m.If(decided & bit):
                    m.next = "IDLE"
                with m.Elif(timer.last):
                    m.next = "DATA"
            with m.State("DATA"):
                with m.If(decided):
                    m.d.sync += [received.eq(Cat(received[1:], bit)), some.eq(some | bit)]
                with m.If(timer.last):
                    m.d.sync += count.eq(count + 1)
                    with m.If(count == 7):
                        m.next = "STOP"
            with m.State("STOP"):
                with m.If(decided):
                    # The rest of the stop bit is not waited for: the sender may be the faster one.
                    m.next = "IDLE"
                    m.d.comb += done.eq(bit)
                    with m.If(~bit):
                        m.d.sync += [self.framing_error.eq(1), self.line_break.eq(~some)]
                        m.next = "REST"
            with m.State("REST"):
                with m.If(line):
                    m.next = "IDLE"
        with m.If(done):
            with m.If(self.o.valid & ~self.o.ready):
                m.d.sync += self.overrun.eq(1)
            with m.Else():
                m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(received)]
        return m
