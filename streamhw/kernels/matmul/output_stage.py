# SPDX-License-Identifier: Apache-2.0
"""Drain of the matmul engine: reads finished tiles, requantizes them, sends them to their port."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ...numerics.fixed import Fixed
from ...stream.credit import Credit
from ...stream.signature import stream_of
from ...stream.spec import Port
from .digits import DIGIT_BITS
from .named_nets import delayed
from .packing import AFFINE_WORDS
from .requantizer import REQUANTIzE_LATENCY, Requantizer, choose

__all__ = ["DRAIN_LATENCY", "OutputStage", "drain_cycles"]

DRAIN_LATENCY = 1 + REQUANTIzE_LATENCY
"""Cycles from the read of an accumulator to its result at the queue of the credit bracket."""


def drain_cycles(digits: Sequence[int]) -> int:
    """The same if some contexts have two digits, whose sums are added."""
    return DRAIN_LATENCY + int(max(digits) > 1)


class OutputStage(wiring.Component):
    """Reads a tile token by token, ``lanes`` rows a cycle, through one requantizer.

    A token whose operand has two digits is two tokens here, read in turns: what the upper one gives
    counts 256 times, and one result leaves for both.

    Parameters  rows, lanes; tokens: bound; width: accumulator bits; result_width: of sums of all
                digits; outputs: port and format of each context, in order of the context's number;
                digits: of each context; wait: cycles from ``token`` to ``acc``
    Members     some: the token to read is finished, and, if it is the upper digit, the next one is;
                context, last_token: of its tile, and the index of the tile's last token
                token: Out, the token to read; acc, affine: its sums and the tile's parameters of
                all rows; read: Out, pulse with the last read of a token; done: of a tile
                the ports of ``outputs``
    Timing      ``rows / lanes`` cycles a token; wait + ``drain_cycles`` from read to queue
    Stalls      lossless by a credit bracket; ports share its queue and so wait for each other
    """

    def __init__(
        self,
        *,
        rows: int,
        lanes: int,
        tokens: int,
        width: int,
        result_width: int,
        outputs: tuple[Port, ...],
        digits: Sequence[int],
        wait: int = 0,
    ):
        self._rows = rows
        self._lanes = lanes
        self._width = width
        self._result_width = result_width
        self._outputs = outputs
        self._digits = tuple(digits)
        self._wait = wait
        ports: Mapping[str, wiring.Member] = {p.name: Out(stream_of(p.type)) for p in outputs}
        super().__init__(
            {
                "some": In(1),
                "context": In(range(max(2, len(outputs)))),
                "last_token": In(range(max(2, tokens))),
                "token": Out(range(max(2, tokens))),
                "acc": In(data.ArrayLayout(signed(width), rows)),
                "affine": In(data.ArrayLayout(8 * rows, AFFINE_WORDS - 1)),
                "read": Out(1),
                "done": Out(1),
                **ports,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        formats: list[Fixed] = [p.type.fmt for p in self._outputs]
        m.submodules.requantize = requantize = Requantizer(
            lanes=self._lanes, width=self._result_width, formats=formats
        )
        payload = data.StructLayout(
            {
                "context": self.context.shape(),
                "lanes": data.ArrayLayout(signed(requantize.result), self._lanes),
            }
        )
        m.submodules.credit = credit = Credit(
            shape=payload, latency=self._wait + drain_cycles(self._digits)
        )

        chunks = self._rows // self._lanes
        chunk = Signal(range(max(2, chunks)))
        reads, last_chunk = Signal(), Signal()
        in_turns = max(self._digits) > 1
        paired = choose(self.context, [int(count > 1) for count in self._digits])
        upper = paired & ~self.token[0]
        advances = reads & ~upper if in_turns else reads
        m.d.comb += [
            reads.eq(self.some & credit.may_enter),
            credit.enter.eq(advances),
            last_chunk.eq(chunk == chunks - 1),
            self.read.eq(reads & last_chunk),
            self.done.eq(self.read & (self.token == self.last_token)),
        ]
        if in_turns:
            with m.If(reads):
                m.d.sync += self.token.eq(Mux(paired, self.token ^ 1, self.token))
        with m.If(advances):
            m.d.sync += chunk.eq(chunk + 1)
            with m.If(last_chunk):
                m.d.sync += [chunk.eq(0), self.token.eq(self.token + 1)]
            with m.If(self.done):
                m.d.sync += self.token.eq(0)

        valid = Signal()
        context = Signal.like(self.context, reset_less=True)
        acc = Signal(data.ArrayLayout(signed(self._width), self._lanes), reset_less=True)
        planes = [
            Signal(8 * self._lanes, name=f"affine_{b}", reset_less=True)
            for b in range(AFFINE_WORDS - 1)
        ]
        # Sums come later than the tile's parameters if the rows are far away.
        late = {
            name: delayed(m, name, value, self._wait)[-1]
            for name, value in (("reads", reads), ("context", self.context), ("chunk", chunk))
        }
        m.d.sync += valid.eq(late["reads"])
        late_upper = delayed(m, "upper", upper, self._wait)[-1] if in_turns else None
        with m.If(reads), m.Switch(chunk):
            for index in range(chunks):
                with m.Case(index):
                    for plane, rows in zip(planes, self.affine, strict=True):
                        m.d.sync += plane.eq(rows.word_select(index, 8 * self._lanes))
        with m.If(late["reads"]):
            m.d.sync += context.eq(late["context"])
            with m.Switch(late["chunk"]):
                for index in range(chunks):
                    with m.Case(index):
                        for lane in range(self._lanes):
                            m.d.sync += acc[lane].eq(self.acc[index * self._lanes + lane])
        cycles = self._wait
        if late_upper is not None:
            valid, context, acc = self._joined(m, valid, context, acc, late_upper)
            cycles += 1
        planes = [
            delayed(m, f"affine_{b}", plane, cycles, reset=False)[-1]
            for b, plane in enumerate(planes)
        ]
        for lane in range(self._lanes):
            *bias, low, high, shift = (plane.word_select(lane, 8) for plane in planes)
            m.d.comb += [
                requantize.bias[lane].eq(Cat(bias)),
                requantize.mult[lane].eq(Cat(low, high)),
                requantize.shift[lane].eq(shift),
            ]
        m.d.comb += [
            requantize.valid.eq(valid),
            requantize.select.eq(context),
            requantize.acc.eq(acc),
            credit.i_valid.eq(requantize.o_valid),
            credit.i_payload.context.eq(requantize.o_select),
            credit.i_payload.lanes.eq(requantize.o),
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

    def _joined(
        self, m: Module, valid: Signal, context: Signal, acc: data.View, upper: Value
    ) -> tuple[Signal, Signal, data.View]:
        """The same a cycle later, the sums of an upper digit added to those that follow them.

        upper: whether the sums that are being read are those of an upper digit
        """
        is_upper, is_below = Signal(), Signal()
        above = Signal.like(acc, reset_less=True)
        joined = Signal(data.ArrayLayout(signed(self._result_width), self._lanes), reset_less=True)
        complete, context_joined = Signal(), Signal.like(context)
        m.d.sync += [is_upper.eq(upper), complete.eq(valid & ~is_upper)]
        with m.If(valid):
            m.d.sync += [above.eq(acc), is_below.eq(is_upper), context_joined.eq(context)]
            for lane in range(self._lanes):
                weighed = Mux(is_below, above[lane] << DIGIT_BITS, 0)
                m.d.sync += joined[lane].eq(acc[lane] + weighed)
        return complete, context_joined, joined
