# SPDX-License-Identifier: Apache-2.0
"""Cuts the commands of a DMA into AXI4 bursts."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..skid import Skid
from .signature import ADDRESS_WIDTH, check_data_width, command

__all__ = ["Bursts", "longest_burst", "part_width"]

PAGE = 4096
"""Bytes of an aligned block that a burst must stay within (AXI4)."""


def longest_burst(width: int, burst: int) -> int:
    """Beats of the longest burst: ``burst``, or those of 4 KiB if that is shorter."""
    check_data_width(width)
    if burst not in (1 << n for n in range(9)):
        raise ValueError(f"AXI4 burst must be a power of two from 1 to 256, not {burst}")
    return min(burst, PAGE * 8 // width)


def part_width(width: int, begins: Sequence[int]) -> int:
    """Bits of a memory beat of ``width`` bits that each of the buses carries that begin there."""
    count = len(begins)
    if count < 1 or count & (count - 1) or width % count:
        raise ValueError(f"Buses must be a power of two that divides {width} bits, not {count}")
    return width // count


class Bursts(wiring.Component):
    """Cuts each command into bursts that end at multiples of ``burst`` beats.

    So a burst never crosses 4 KiB, and all but the first and last of a command are whole and
    aligned, as memory controllers like them.

    Parameters
    ----------
    width: data width of a bus in bits
    burst: beats of the longest burst, a power of two to 256; 4 KiB if that is shorter
    address: bits of a byte address
    stripes: buses over which memory is striped; each gets the same bursts

    Members
    -------
    i: stream of ``command``; one of 0 beats is dropped
    o: stream of {``address`` on each bus, ``beats`` (1 to ``burst``), ``last`` burst of its
        command}

    Timing: latency 2 cycles; one burst a cycle, also when each command is only one burst.
    Stalls: lossless; no combinational path between ``i`` and ``o``.
    Raises: ``ValueError`` if the burst is not a power of two from 1 to 256, or AXI4 has no data
    bus of ``width`` bits.
    """

    def __init__(self, *, width: int, burst: int, address: int = ADDRESS_WIDTH, stripes: int = 1):
        self.burst = longest_burst(width, burst)
        self._shift = (width // 8).bit_length() - 1
        self._beat_shift = (width // 8 * stripes).bit_length() - 1
        self._address = address
        layout = data.StructLayout({"address": address, "beats": range(self.burst + 1), "last": 1})
        super().__init__(
            {"i": In(stream.Signature(command(address))), "o": Out(stream.Signature(layout))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.skid = skid = Skid(shape=self.o.p.shape())
        wiring.connect(m, skid.o, wiring.flipped(self.o))

        busy = Signal()
        # of the next beat, counted from address 0
        index = Signal(self._address - self._beat_shift, reset_less=True)
        remaining = Signal.like(self.i.p.beats, reset_less=True)
        # until the next multiple of burst: known before it is compared, and whole after the first
        room = Signal(range(self.burst + 1), reset_less=True)
        fits = Signal()
        beats = Signal(range(self.burst + 1))
        m.d.comb += [
            fits.eq(remaining <= room),
            beats.eq(Mux(fits, remaining, room)),
            skid.i.p.address.eq(index << self._shift),
            skid.i.p.beats.eq(beats),
            skid.i.p.last.eq(fits),
            skid.i.valid.eq(busy),
            self.i.ready.eq(~busy | (skid.i.ready & fits)),
        ]
        with m.If(busy & skid.i.ready):
            # right as long as another burst follows; what is left of the last one does not count
            m.d.sync += [
                index.eq(index + room),
                remaining.eq(remaining - room),
                room.eq(self.burst),
                busy.eq(~fits),
            ]
        with m.If(self.i.valid & self.i.ready):
            begin = self.i.p.address >> self._beat_shift
            m.d.sync += [
                index.eq(begin),
                room.eq(self.burst - (begin & (self.burst - 1))),
                remaining.eq(self.i.p.beats),
                busy.eq(self.i.p.beats != 0),
            ]
        return m
