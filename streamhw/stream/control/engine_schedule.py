# SPDX-License-Identifier: Apache-2.0
"""The contexts of a shared matmul engine in a step, as commands in their order."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..skid import Skid
from .step_layout import run_layout

__all__ = ["EngineSchedule"]


class EngineSchedule(wiring.Component):
    """Commands the shared matmul: its contexts of a step, in order.

    Parameters  layout: of the step stream; body: contexts of a body step; tail: of a tail step,
                each with one token; one of the two may be empty; tokens: bound
    Members     i: In(stream of ``layout``)   o: Out(stream of ``run_layout``)
    Timing      latency = 2 cycles; one command a cycle
    Buffers     2 commands, in registers
    Stalls      lossless; no combinational path between ports
    Raises      ValueError: if there is no context or a negative one
    """

    def __init__(
        self, *, layout: data.StructLayout, body: Sequence[int], tail: Sequence[int], tokens: int
    ):
        self._body, self._tail = tuple(body), tuple(tail)
        if min((*body, *tail), default=-1) < 0:
            raise ValueError(
                f"EngineSchedule must have contexts, all at least 0, not {self._body} and "
                f"{self._tail}"
            )
        self.command = run_layout(contexts=1 + max((*body, *tail)), tokens=tokens)
        super().__init__(
            {"i": In(stream.Signature(layout)), "o": Out(stream.Signature(self.command))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        step = self.i.payload
        table = (*self._body, *self._tail)
        m.submodules.skid = skid = Skid(shape=self.command)
        wiring.connect(m, skid.o, wiring.flipped(self.o))
        active = Signal()
        index = Signal(range(max(2, len(table))))  # a net of zero bits draws warnings
        tokens = Signal.like(step.tokens)
        last = Signal()
        with m.Switch(index):
            for n, context in enumerate(table):
                with m.Case(n):
                    m.d.comb += skid.i.payload.context.eq(context)
                    m.d.comb += last.eq(n in (len(self._body) - 1, len(table) - 1))
        m.d.comb += [
            skid.i.valid.eq(active),
            skid.i.payload.tokens.eq(tokens),
            self.i.ready.eq(~active | (last & skid.i.ready)),
        ]
        with m.If(active & skid.i.ready):
            m.d.sync += index.eq(index + 1)
        mine = Signal()
        if self._body and self._tail:
            m.d.comb += mine.eq(1)
        else:
            m.d.comb += mine.eq(step.tail if self._tail else ~step.tail)
        with m.If(self.i.ready):
            m.d.sync += [
                active.eq(self.i.valid & mine),
                index.eq(Mux(step.tail, len(self._body), 0)),
                tokens.eq(Mux(step.tail, 1, step.tokens)),
            ]
        return m
