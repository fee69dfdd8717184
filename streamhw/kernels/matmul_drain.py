# SPDX-License-Identifier: Apache-2.0
"""Drain of the matmul engine: reads finished tiles, requantises them, sends them to their port."""

from collections.abc import Mapping

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..numerics.fixed import Fixed
from ..stream.credit import Credit
from ..stream.signature import stream_of
from .base import Port
from .requantise import REQUANTISE_LATENCY, Requantise, choose

__all__ = ["DRAIN_LATENCY", "MatmulDrain"]

DRAIN_LATENCY = 1 + REQUANTISE_LATENCY
"""Cycles from the read of an accumulator to its result at the queue of the credit bracket."""


class MatmulDrain(wiring.Component):
    """Reads a tile token by token, ``lanes`` rows a cycle, through one requantiser.

    Parameters  rows, lanes; tokens: bound; width: accumulator bits; outputs: port and format of
                each context, in order of the context's number
    Members     some, context, last_token: a finished tile, its context and its last token's index
                token: Out, the token to read; acc, bias, mult, shift: its operands for all rows
                done: Out, pulse with the last read of a tile
                the ports of ``outputs``
    Timing      ``rows / lanes`` cycles a token; DRAIN_LATENCY cycles from read to queue
    Stalls      lossless by a credit bracket; ports share its queue and so wait for each other
    """

    def __init__(
        self, *, rows: int, lanes: int, tokens: int, width: int, outputs: tuple[Port, ...]
    ):
        self._rows = rows
        self._lanes = lanes
        self._width = width
        self._outputs = outputs
        ports: Mapping[str, wiring.Member] = {p.name: Out(stream_of(p.type)) for p in outputs}
        super().__init__(
            {
                "some": In(1),
                "context": In(range(max(2, len(outputs)))),
                "last_token": In(range(max(2, tokens))),
                "token": Out(range(max(2, tokens))),
                "acc": In(data.ArrayLayout(signed(width), rows)),
                "bias": In(data.ArrayLayout(unsigned(32), rows)),
                "mult": In(data.ArrayLayout(unsigned(16), rows)),
                "shift": In(data.ArrayLayout(unsigned(8), rows)),
                "done": Out(1),
                **ports,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        formats: list[Fixed] = [p.type.fmt for p in self._outputs]
        m.submodules.requantise = requantise = Requantise(
            lanes=self._lanes, width=self._width, formats=formats
        )
        payload = data.StructLayout(
            {
                "context": self.context.shape(),
                "lanes": data.ArrayLayout(signed(requantise.result), self._lanes),
            }
        )
        m.submodules.credit = credit = Credit(shape=payload, latency=DRAIN_LATENCY)

        chunks = self._rows // self._lanes
        chunk = Signal(range(max(2, chunks)))
        read, last_chunk = Signal(), Signal()
        m.d.comb += [
            read.eq(self.some & credit.may_enter),
            credit.enter.eq(read),
            last_chunk.eq(chunk == chunks - 1),
            self.done.eq(read & last_chunk & (self.token == self.last_token)),
        ]
        with m.If(read):
            m.d.sync += chunk.eq(chunk + 1)
            with m.If(last_chunk):
                m.d.sync += [chunk.eq(0), self.token.eq(self.token + 1)]
            with m.If(self.done):
                m.d.sync += self.token.eq(0)

        valid = Signal()
        context = Signal.like(self.context)
        operands = {
            name: Signal(member.shape, name=name)
            for name, member in requantise.signature.members.items()
            if name in ("acc", "bias", "mult", "shift")
        }
        m.d.sync += valid.eq(read)
        with m.If(read):
            m.d.sync += context.eq(self.context)
            with m.Switch(chunk):
                for index in range(chunks):
                    with m.Case(index):
                        for name, operand in operands.items():
                            rows = getattr(self, name)
                            for lane in range(self._lanes):
                                m.d.sync += operand[lane].eq(rows[index * self._lanes + lane])
        m.d.comb += [
            requantise.valid.eq(valid),
            requantise.select.eq(context),
            *(getattr(requantise, name).eq(operand) for name, operand in operands.items()),
            credit.i_valid.eq(requantise.o_valid),
            credit.i_payload.context.eq(requantise.o_select),
            credit.i_payload.lanes.eq(requantise.o),
        ]

        readies = [getattr(self, port.name).ready for port in self._outputs]
        m.d.comb += credit.o.ready.eq(choose(credit.o.payload.context, readies))
        for index, port in enumerate(self._outputs):
            o = getattr(self, port.name)
            chosen = credit.o.payload.context == index
            m.d.comb += o.valid.eq(credit.o.valid & chosen)
            for lane in range(self._lanes):
                m.d.comb += o.payload[lane].eq(credit.o.payload.lanes[lane])
        return m
