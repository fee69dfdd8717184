# SPDX-License-Identifier: Apache-2.0
"""Width converter: repacks raw bits into wider or narrower beats, little endian."""

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .lockstep import connect_shares, place_shares, shares_of
from .skid import Skid

__all__ = ["Width"]


class Width(wiring.Component):
    """Joins ``width_out / width_in`` beats into one, or cuts one into ``width_in / width_out``.

    The first of the narrow beats is the low end of the wide one. There is no way to flush an
    incomplete wide beat: the source must send whole ones. Wide beats have the control once for each
    share of the narrow ones (``lockstep``).

    Parameters  width_in, width_out: bits of a beat; one divides the other
    Members     i: In(stream of unsigned(width_in))   o: Out(stream of unsigned(width_out))
    Timing      latency = width_out / width_in cycles when joining, else 1; the narrow side moves
                one beat a cycle
    Buffers     2 beats of the wide side, in registers
    Stalls      lossless; valid, payload and ready are registers
    Raises      ValueError: if a width is less than 1, or neither divides the other
    """

    def __init__(self, *, width_in: int, width_out: int):
        if min(width_in, width_out) < 1:
            raise ValueError(f"Width must be at least 1 bit, not {min(width_in, width_out)}")
        if width_in % width_out and width_out % width_in:
            raise ValueError(
                f"Width width_in must divide or be divided by width_out, not {width_in} and "
                f"{width_out}"
            )
        self._width_in = width_in
        self._width_out = width_out
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(width_in))),
                "o": Out(stream.Signature(unsigned(width_out))),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from the first input beat accepted to the first output beat offered."""
        return max(1, self._width_out // self._width_in)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        narrow = min(self._width_in, self._width_out)
        joined, cut = self._width_out // narrow, self._width_in // narrow
        shares = shares_of(narrow, max(joined, cut))
        if len(shares) > 1:
            inner = place_shares(
                m,
                f"width_{cut}_{joined}",
                lambda bits: Width(width_in=bits * cut, width_out=bits * joined),
                shares,
            )
            connect_shares(m, self.i, [each.i for each in inner], shares, into=True)
            connect_shares(m, self.o, [each.o for each in inner], shares, into=False)
        elif self._width_in == self._width_out:
            m.submodules.skid = skid = Skid(shape=unsigned(self._width_in))
            wiring.connect(m, wiring.flipped(self.i), skid.i)
            wiring.connect(m, skid.o, wiring.flipped(self.o))
        elif self._width_in < self._width_out:
            self._join(m)
        else:
            self._cut(m)
        return m

    def _join(self, m: Module) -> None:
        ratio = self._width_out // self._width_in
        # narrow beats enter at the high end
        gathered = Signal(self._width_out, reset_less=True)
        held = Signal(self._width_out, reset_less=True)
        shifted = Signal(self._width_out)
        count = Signal(range(ratio))
        full = Signal()  # gathered is complete, but the sink had no slot for it
        ready = Signal(init=1)
        push = Signal()
        complete = Signal()
        free = Signal()
        m.d.comb += [
            self.i.ready.eq(ready),
            full.eq(~ready),
            push.eq(self.i.valid & ready),
            complete.eq(push & (count == ratio - 1)),
            free.eq(~self.o.valid | self.o.ready),
            shifted.eq(Cat(gathered[self._width_in :], self.i.payload)),
            self.o.payload.eq(held),
        ]
        with m.If(push):
            m.d.sync += [gathered.eq(shifted), count.eq(count + 1)]
        with m.If(complete):
            m.d.sync += count.eq(0)
        with m.If(free):
            m.d.sync += [self.o.valid.eq(full | complete), ready.eq(1)]
            with m.If(full):
                m.d.sync += held.eq(gathered)
            with m.Else():
                m.d.sync += held.eq(shifted)
        with m.Elif(complete):
            m.d.sync += ready.eq(0)

    def _cut(self, m: Module) -> None:
        ratio = self._width_in // self._width_out
        # the beat that is being cut; its low end is offered
        current = Signal(self._width_in, reset_less=True)
        count = Signal(range(ratio))
        spare = Signal(self._width_in, reset_less=True)
        ready = Signal(init=1)  # spare is empty
        free = Signal()
        m.d.comb += [
            self.i.ready.eq(ready),
            self.o.payload.eq(current[: self._width_out]),
            free.eq(~self.o.valid | (self.o.ready & (count == ratio - 1))),
        ]
        with m.If(self.o.valid & self.o.ready):
            # a slice: each bit of a shift depends on all bits, in the eyes of Amaranth's checks
            m.d.sync += [current.eq(current[self._width_out :]), count.eq(count + 1)]
        with m.If(free):
            m.d.sync += [self.o.valid.eq(self.i.valid | ~ready), ready.eq(1), count.eq(0)]
            with m.If(ready):
                m.d.sync += current.eq(self.i.payload)
            with m.Else():
                m.d.sync += current.eq(spare)
        with m.Elif(self.i.valid):
            m.d.sync += ready.eq(0)
        with m.If(ready):
            m.d.sync += spare.eq(self.i.payload)
