# SPDX-License-Identifier: Apache-2.0
"""Several AXI4 masters on one memory port, by round robin."""

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..queue import Queue
from ..skid import Skid
from .signature import ADDRESS_WIDTH, ID_WIDTH, axi4_read, axi4_write

__all__ = ["ReadArbiter", "WriteArbiter"]


class ReadArbiter(wiring.Component):
    """Reads of several masters on one port; a master's beats come back to it in its order.

    Each AR leaves with the number of its master as ARID, and RID says whose a beat is. Fair: a
    master waits for at most one burst of each other one.

    Parameters
    ----------
    masters: number of masters, 1 to 16
    width: data width in bits
    address: bits of a byte address

    Members
    -------
    masters: array of AXI4 slaves (AR and R); masters use ID 0 and get ID 0 back
    memory: AXI4 master (AR and R)

    Timing: 1 cycle for AR, 1 cycle for R; one AR and one beat a cycle.
    Stalls: lossless. A master that does not accept its R holds back those behind it, so masters
    should reserve room first, as ``ReadDma`` does. No combinational path between the sides.
    Raises: ``ValueError`` if the number of masters is not 1 to 16, or for a width that AXI4 does
    not allow.
    """

    def __init__(self, *, masters: int, width: int, address: int = ADDRESS_WIDTH):
        _check("ReadArbiter", masters)
        super().__init__(self.members(masters=masters, width=width, address=address))

    @staticmethod
    def members(
        *, masters: int, width: int, address: int = ADDRESS_WIDTH
    ) -> dict[str, wiring.Member]:
        """Members of an arbiter of that size."""
        bus = axi4_read(width=width, address=address)
        return {"masters": In(bus).array(masters), "memory": Out(bus)}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        requests = [master.ar for master in self.masters]
        m.submodules.choice = choice = RoundRobin(
            shape=self.memory.ar.p.shape(), inputs=len(requests)
        )
        for i, request in enumerate(requests):
            wiring.connect(m, wiring.flipped(request), choice.i[i])
        _forward(m, choice.o, self.memory.ar)
        m.submodules.responses = _deliver(m, self.memory.r, [x.r for x in self.masters])
        return m


class WriteArbiter(wiring.Component):
    """Writes of several masters on one port: W follows the order of AW, B returns by BID.

    Each AW leaves with the number of its master as AWID. Fair: a master waits for at most one
    burst of each other one.

    Parameters
    ----------
    masters: number of masters, 1 to 16
    width: data width in bits
    outstanding: bursts whose W may be missing, at least 1
    address: bits of a byte address

    Members
    -------
    masters: array of AXI4 slaves (AW, W and B); masters use ID 0 and get ID 0 back
    memory: AXI4 master (AW, W and B)

    Timing: 2 cycles for AW, at least 3 from AW and 1 from W for W, 1 for B; one AW and one beat
    a cycle.
    Stalls: lossless. A master that got its AW through and then keeps back W holds back the
    others, so masters should have their data first, as ``WriteDma`` does. No combinational path
    between the sides.
    Raises: ``ValueError`` if the number of masters is not 1 to 16, ``outstanding`` is not
    positive, or for a width that AXI4 does not allow.
    """

    def __init__(
        self, *, masters: int, width: int, outstanding: int = 16, address: int = ADDRESS_WIDTH
    ):
        _check("WriteArbiter", masters)
        if outstanding < 1:
            raise ValueError(f"WriteArbiter outstanding must be at least 1, not {outstanding}")
        self._outstanding = outstanding
        super().__init__(self.members(masters=masters, width=width, address=address))

    @staticmethod
    def members(
        *, masters: int, width: int, address: int = ADDRESS_WIDTH
    ) -> dict[str, wiring.Member]:
        """Members of an arbiter of that size."""
        bus = axi4_write(width=width, address=address)
        return {"masters": In(bus).array(masters), "memory": Out(bus)}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        memory = self.memory
        requests = [master.aw for master in self.masters]
        m.submodules.choice = choice = RoundRobin(shape=memory.aw.p.shape(), inputs=len(requests))
        m.submodules.addresses = addresses = Skid(shape=choice.o.p.shape())
        m.submodules.order = order = Queue(shape=choice.o.p.index.shape(), depth=self._outstanding)
        m.submodules.beats = beats = Skid(shape=memory.w.p.shape())
        for i, request in enumerate(requests):
            wiring.connect(m, wiring.flipped(request), choice.i[i])
        m.d.comb += [
            choice.o.ready.eq(addresses.i.ready & order.i.ready),
            addresses.i.p.eq(choice.o.p),
            addresses.i.valid.eq(choice.o.valid & order.i.ready),
            order.i.p.eq(choice.o.p.index),
            order.i.valid.eq(choice.o.valid & addresses.i.ready),
        ]
        _forward(m, addresses.o, memory.aw)

        with m.Switch(order.o.p):
            for i, master in enumerate(self.masters):
                with m.Case(i):
                    m.d.comb += [
                        beats.i.p.eq(master.w.p),
                        beats.i.valid.eq(master.w.valid & order.o.valid),
                        master.w.ready.eq(beats.i.ready & order.o.valid),
                    ]
        m.d.comb += order.o.ready.eq(beats.i.valid & beats.i.ready & beats.i.p.last)
        wiring.connect(m, beats.o, wiring.flipped(memory.w))
        m.submodules.responses = _deliver(m, memory.b, [x.b for x in self.masters])
        return m


class RoundRobin(wiring.Component):
    """Merges streams fairly and says with each beat from which input it came.

    Members: ``i``, an array of streams of ``shape``; ``o``, a stream of {``index``, ``payload``}.
    Timing: latency 1 cycle; one beat a cycle.
    """

    def __init__(self, *, shape: ShapeLike, inputs: int):
        layout = data.StructLayout({"index": max(1, (inputs - 1).bit_length()), "payload": shape})
        super().__init__(
            {"i": In(stream.Signature(shape)).array(inputs), "o": Out(stream.Signature(layout))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.skid = skid = Skid(shape=self.o.p.shape())
        wiring.connect(m, skid.o, wiring.flipped(self.o))
        count = len(self.i)
        latest = Signal.like(self.o.p.index)
        chosen = Signal.like(self.o.p.index)
        with m.Switch(latest):
            for before in range(count):
                with m.Case(before):
                    # the last true condition wins: from the least urgent input to the most
                    for i in reversed(range(before + 1, before + 1 + count)):
                        with m.If(self.i[i % count].valid):
                            m.d.comb += chosen.eq(i % count)
        m.d.comb += skid.i.p.index.eq(chosen)
        with m.Switch(chosen):
            for i, source in enumerate(self.i):
                with m.Case(i):
                    m.d.comb += [
                        skid.i.p.payload.eq(source.p),
                        skid.i.valid.eq(source.valid),
                        source.ready.eq(skid.i.ready),
                    ]
        with m.If(skid.i.valid & skid.i.ready):
            m.d.sync += latest.eq(chosen)
        return m


def _check(name: str, masters: int) -> None:
    if not 1 <= masters <= 1 << ID_WIDTH:
        raise ValueError(f"{name} masters must be 1 to {1 << ID_WIDTH}, not {masters}")


def _forward(m: Module, source: stream.Interface, channel: stream.Interface) -> None:
    """An address channel whose ID is the index of a RoundRobin's beat."""
    m.d.comb += [
        channel.p.eq(source.p.payload),
        channel.p.id.eq(source.p.index),
        channel.valid.eq(source.valid),
        source.ready.eq(channel.ready),
    ]


def _deliver(m: Module, source: stream.Interface, sinks: list[stream.Interface]) -> Skid:
    """A skid buffer that takes responses and hands each to the master that its ID names."""
    count = len(sinks)
    layout = data.StructLayout({"chosen": count, "payload": source.p.shape()})
    skid = Skid(shape=layout)
    m.d.comb += [
        skid.i.p.payload.eq(source.p),
        skid.i.valid.eq(source.valid),
        source.ready.eq(skid.i.ready),
    ]
    m.d.comb += [skid.i.p.chosen[i].eq(source.p.id == i) for i in range(count)]
    # a response that nobody asked for is dropped rather than blocking all others
    ready = skid.o.p.chosen == 0
    for i, sink in enumerate(sinks):
        chosen = skid.o.p.chosen[i]
        m.d.comb += [
            sink.p.eq(skid.o.p.payload),
            sink.p.id.eq(0),
            sink.valid.eq(skid.o.valid & chosen),
        ]
        ready = ready | (chosen & sink.ready)
    m.d.comb += skid.o.ready.eq(ready)
    return skid
