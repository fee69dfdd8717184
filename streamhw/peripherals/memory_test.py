# SPDX-License-Identifier: Apache-2.0
"""Writes all of a memory, reads it back, and says whether it is right: a board's self-test."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from ..stream.axi.signature import CACHE, INCREMENT, OKAY, axi4

__all__ = ["MemoryTest", "beat_of"]

WIDTH = 128
BURST = 16
BURST_BYTES = BURST * WIDTH // 8
WORD = 16
MASKS = (0x0000, 0xFFFF, 0x5555, 0xAAAA, 0x3333, 0xCCCC, 0x0F0F, 0xF0F0)
"""What words of a beat differ by: each bit is written as 0 and as 1 next to either."""
MOST_INDEX = 24
"""Bits of a beat's index, so that two words of it have all of them."""


def beat_of(index: int) -> int:
    """The 128 bits that are written as a beat: of no other beat of the memory."""
    parts = (index & 0xFFFF, index >> (MOST_INDEX - WORD))
    words = [parts[number % 2] ^ mask for number, mask in enumerate(MASKS)]
    return sum(word << (WORD * number) for number, word in enumerate(words))


class MemoryTest(wiring.Component):
    """Runs once after reset: every beat is written, then every beat is read and compared.

    A beat that comes back wrong, as when two addresses reach one, or a response other than OKAY
    ends it with ``failed``.

    Parameters  bytes: of the memory from address 0 on, a multiple of 256, at most 256 MiB
    Members     bus: AXI4 master of 128 bits with one burst of 16 beats under way, of ID 0
                passed, failed: Out(1), registers; 0 while it runs
    Raises      ValueError: if ``bytes`` cannot be
    """

    def __init__(self, *, bytes: int):
        most = (WIDTH // 8) << MOST_INDEX
        if not BURST_BYTES <= bytes <= most or bytes % BURST_BYTES:
            raise ValueError(
                f"MemoryTest bytes must be a multiple of {BURST_BYTES} up to {most:,}, not {bytes}"
            )
        self._bursts = bytes // BURST_BYTES
        super().__init__({"bus": Out(axi4(width=WIDTH)), "passed": Out(1), "failed": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        burst = Signal(range(self._bursts))
        beat = Signal(range(BURST))
        asked = Signal()  # the address of the burst was taken
        for channel in (bus.aw, bus.ar):
            m.d.comb += [
                channel.p.addr.eq(Cat(Const(0, (BURST_BYTES - 1).bit_length()), burst)),
                channel.p.len.eq(BURST - 1),
                channel.p.size.eq((WIDTH // 8 - 1).bit_length()),
                channel.p.burst.eq(INCREMENT),
                channel.p.cache.eq(CACHE),
            ]
        expected = _beat(Cat(beat, burst))
        m.d.comb += [
            bus.w.p.data.eq(Cat(expected)),
            bus.w.p.strb.eq(-1),
            bus.w.p.last.eq(beat == BURST - 1),
        ]
        finished, wrong = Signal(), Signal()
        m.d.sync += [self.passed.eq(finished & ~wrong), self.failed.eq(finished & wrong)]
        self._compare(m, expected, wrong)

        def address(channel: wiring.PureInterface) -> None:
            m.d.comb += channel.valid.eq(~asked)
            with m.If(channel.ready & ~asked):
                m.d.sync += asked.eq(1)

        def next_burst(then: str) -> None:
            m.d.sync += [asked.eq(0), burst.eq(burst + 1)]
            with m.If(burst == self._bursts - 1):
                m.d.sync += burst.eq(0)
                m.next = then

        with m.FSM():
            with m.State("WRITE"):
                address(bus.aw)
                m.d.comb += bus.w.valid.eq(asked)
                with m.If(bus.w.valid & bus.w.ready):
                    m.d.sync += beat.eq(beat + 1)
                    with m.If(bus.w.p.last):
                        m.next = "WRITTEN"
            with m.State("WRITTEN"):
                m.d.comb += bus.b.ready.eq(1)
                with m.If(bus.b.valid):
                    m.next = "WRITE"
                    next_burst("READ")
            with m.State("READ"):
                address(bus.ar)
                m.d.comb += bus.r.ready.eq(1)
                with m.If(bus.r.valid):
                    m.d.sync += beat.eq(beat + 1)
                    with m.If(beat == BURST - 1):
                        next_burst("COMPARED")
            with m.State("COMPARED"):
                m.next = "FINISHED"  # the last beat needs a cycle more
            with m.State("FINISHED"):
                m.d.comb += finished.eq(1)
        return m

    def _compare(self, m: Module, expected: list[Value], wrong: Signal) -> None:
        """Sets ``wrong`` for ever when a response or a beat is; in two steps, as beats are wide."""
        bus = self.bus
        came = Signal()
        unlike = Signal(len(MASKS) + 1, reset_less=True)
        words = [bus.r.p.data[WORD * number :][:WORD] for number in range(len(MASKS))]
        m.d.sync += [
            came.eq(bus.r.valid & bus.r.ready),
            unlike.eq(
                Cat(*(a != b for a, b in zip(words, expected, strict=True)), bus.r.p.resp != OKAY)
            ),
        ]
        refused = bus.b.valid & bus.b.ready & (bus.b.p.resp != OKAY)
        with m.If((came & unlike.any()) | refused):
            m.d.sync += wrong.eq(1)


def _beat(index: Value) -> list[Value]:
    """The words of ``beat_of`` in hardware."""
    wide = Cat(index, Const(0, MOST_INDEX))
    parts = (wide[:WORD], wide[MOST_INDEX - WORD : MOST_INDEX])
    return [parts[number % 2] ^ mask for number, mask in enumerate(MASKS)]
