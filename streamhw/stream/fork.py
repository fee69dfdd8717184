# SPDX-License-Identifier: Apache-2.0
"""Fork: one stream to several sinks that accept independently."""

from amaranth.hdl import Cat, Module, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .skid import Skid

__all__ = ["Fork"]


class Fork(wiring.Component):
    """Gives each beat of ``i`` to every output once, as soon as that output accepts (eager).

    All outputs show the same payload register; a bit for each says whether it has accepted the
    beat already, so no sink waits for another within a beat. The next beat comes when all have.

    Parameters  shape: payload of a beat; outputs: number of outputs, at least 1
    Members     i: In(stream of ``shape``)   o_0, o_1, ...: Out(stream of ``shape``)
    Timing      latency = 1 cycle; one beat a cycle
    Buffers     2 beats in registers, whatever the number of outputs
    Stalls      lossless; outputs are at most one beat apart; no combinational path i.valid→o.valid
                or o.ready→i.ready
    Raises      ValueError: if outputs is less than 1
    """

    latency = 1

    def __init__(self, *, shape: ShapeLike, outputs: int):
        if outputs < 1:
            raise ValueError(f"Fork outputs must be at least 1, not {outputs}")
        self._shape = shape
        self._outputs = outputs
        signature = stream.Signature(shape)
        super().__init__(
            {"i": In(signature)} | {f"o_{index}": Out(signature) for index in range(outputs)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.skid = skid = Skid(shape=self._shape)
        wiring.connect(m, wiring.flipped(self.i), skid.i)
        outputs = [getattr(self, f"o_{index}") for index in range(self._outputs)]
        served = Signal(self._outputs)  # outputs that have accepted the beat
        serving = Signal(self._outputs)
        done = Signal()
        for index, output in enumerate(outputs):
            m.d.comb += [
                Value.cast(output.payload).eq(Value.cast(skid.o.payload)),
                output.valid.eq(skid.o.valid & ~served[index]),
            ]
        m.d.comb += [
            serving.eq(served | Cat(output.ready for output in outputs)),
            done.eq(serving.all()),
            skid.o.ready.eq(done),
        ]
        with m.If(skid.o.valid):
            with m.If(done):
                m.d.sync += served.eq(0)
            with m.Else():
                m.d.sync += served.eq(serving)
        return m
