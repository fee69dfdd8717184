# SPDX-License-Identifier: Apache-2.0
"""Brings a design back to its initial state while memory runs on: isolate, reset, drain, go on."""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Recovery"]

REST = 2
"""Cycles from a reset in its register until what the design shows rests."""


class _State(IntEnum):
    DRAINING = 0
    RUNNING = 1
    CLOSING = 2


class Recovery(wiring.Component):
    """Holds the reset of the design, and leads the guards of all memory ports through an abort.

    On an abort or a fault, ports are closed first, while the design still holds what it shows; then
    it is reset, and the guards end what memory owes. The reset pin resets the design at once, and
    the rest is the same. A fault must be cleared before the design goes on::

        running --abort, fault--> closing --all closed--> draining --all idle, no fault--> running
           ^----------------------------- pin ----------------^

    Parameters  far: cycles from here to a guard, and back; latency: from ``reset`` to the design's
                registers
    Members     pin: In(1), reset from outside;  abort: In(1), a pulse;  fault: In(1), of any guard
                forget: In(1), a pulse: what memory owes will never come
                watchdog: In(32), cycles between ticks; 0: none
                closed, idle: In(1), all guards are
                isolate, drain, tick, forget_owed: Out(1), to the guards
                hold: Out(1), to the guards: the pin, and until the design is in the reset of it
                reset: Out(1), of the design; a register, 1 at first
                stat_running, stat_closing: Out(1);  stat_idle: Out(1), running with nothing owed
    Timing      reset follows the pin in the next cycle, and ends in the cycle after it if memory
                owes nothing and the pin was held for ``far`` + ``latency`` + 2 cycles; running is
                told once the design's registers have heard of the end
    Raises      ValueError: if ``far`` or ``latency`` is negative

    Belongs into a domain that is never reset.
    """

    def __init__(self, *, far: int = 0, latency: int = 0):
        for name, cycles in (("far", far), ("latency", latency)):
            if cycles < 0:
                raise ValueError(f"Recovery {name} must be at least 0, not {cycles}")
        self._latency = latency
        self._wait = far + latency + REST
        super().__init__(
            {
                "pin": In(1),
                "abort": In(1),
                "fault": In(1),
                "forget": In(1),
                "watchdog": In(32),
                "closed": In(1),
                "idle": In(1),
                "isolate": Out(1, init=1),
                "drain": Out(1),
                "tick": Out(1),
                "forget_owed": Out(1),
                "hold": Out(1),
                "reset": Out(1, init=1),
                "stat_running": Out(1),
                "stat_closing": Out(1),
                "stat_idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        wait = Signal(range(self._wait + 1), init=self._wait)  # until guards have heard of a change
        settled = Signal()
        m.d.comb += settled.eq(wait == 0)
        with m.If(~settled):
            m.d.sync += wait.eq(wait - 1)

        state = Signal(_State, init=_State.DRAINING)
        m.d.sync += self.forget_owed.eq(0)
        with m.Switch(state):
            with m.Case(_State.RUNNING):
                with m.If(self.abort | self.fault):
                    m.d.sync += [
                        state.eq(_State.CLOSING),
                        self.isolate.eq(1),
                        wait.eq(self._wait),
                    ]
            with m.Case(_State.CLOSING):
                with m.If(settled & self.closed):
                    m.d.sync += [
                        state.eq(_State.DRAINING),
                        self.reset.eq(1),
                        wait.eq(self._wait),
                    ]
            with m.Case(_State.DRAINING):
                m.d.sync += [self.drain.eq(settled), self.forget_owed.eq(self.forget)]
                with m.If(settled & self.idle & ~self.fault & ~self.forget_owed):
                    m.d.sync += [
                        state.eq(_State.RUNNING),
                        self.isolate.eq(0),
                        self.drain.eq(0),
                        self.reset.eq(0),
                    ]
                    if self._latency:
                        m.d.sync += wait.eq(self._latency)
        with m.If(self.pin):
            m.d.sync += [
                state.eq(_State.DRAINING),
                self.isolate.eq(1),
                self.reset.eq(1),
            ]
            with m.If(state != _State.DRAINING):
                m.d.sync += wait.eq(self._wait)
        held: Value = self.pin  # the design goes on until the pin has come to its registers
        awake: Value = Const(1)
        if self._latency:
            late = Signal(self._latency, init=-1)
            m.d.sync += late.eq(Cat(self.pin, late))
            held, awake = held | late.any(), settled
        m.d.comb += [
            self.hold.eq(held),
            self.stat_running.eq((state == _State.RUNNING) & awake),
            self.stat_closing.eq(state == _State.CLOSING),
            self.stat_idle.eq(self.stat_running & self.idle),
        ]

        elapsed = Signal(32)
        m.d.sync += [elapsed.eq(elapsed + 1), self.tick.eq(0)]
        with m.If(elapsed >= self.watchdog):
            m.d.sync += [elapsed.eq(1), self.tick.eq(self.watchdog != 0)]
        return m
