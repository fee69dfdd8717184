# SPDX-License-Identifier: Apache-2.0
"""The registers at the pins of an SDRAM chip: commands out, bursts of words in and out."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .pins import SdramCommand, SdramPins, command_layout
from .sequencer import BURST

__all__ = ["DataPath"]

WORD = 16


class DataPath(wiring.Component):
    """Words of a write go out with its command; those of a read come in when they are due.

    Parameters
    ----------
    cas: CAS latency in cycles
    read_delay: cycles by which the first word of a read is captured later than the CAS latency
        after the cycle in which its command is on the pins; at least 1, which a chip has whose
        clock is that of this domain

    Members
    -------
    command, read, write: of the ``CommandSequencer``
    awake: the chip is up; until then its data pins are masked
    beat: ``data`` and ``strobe`` of the access in the cycle of ``write``
    words: a read's beat; valid in the cycle of ``arrived``
    pins: of the chip; all outputs are registers, ``dq.i`` goes into one

    Timing: commands are on the pins a cycle after they are given; a read's beat arrives
    ``cas + read_delay + BURST`` cycles after ``read``.
    Raises: ``ValueError`` if ``read_delay`` is less than 1.
    """

    def __init__(self, *, cas: int, read_delay: int):
        if read_delay < 1:
            raise ValueError(f"DataPath read_delay must be at least 1 cycle, not {read_delay}")
        self._delay = cas + read_delay
        bits = BURST * WORD
        super().__init__(
            {
                "command": In(command_layout(), init={"code": SdramCommand.NOTHING}),
                "read": In(1),
                "write": In(1),
                "awake": In(1),
                "beat": In(data.StructLayout({"data": bits, "strobe": bits // 8})),
                "words": Out(bits),
                "arrived": Out(1),
                "pins": Out(SdramPins()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pins = self.pins
        code = Signal(3, init=SdramCommand.NOTHING)
        # 0 only until the first edge of the clock: falling again would put the chip to sleep
        cke = Signal(reset_less=True)
        m.d.comb += pins.cke.eq(cke)
        m.d.sync += [
            cke.eq(1),
            code.eq(self.command.code),
            pins.ba.eq(self.command.bank),
            pins.a.eq(self.command.address),
        ]
        m.d.comb += Cat(pins.we_n, pins.cas_n, pins.ras_n).eq(code)

        # the lowest word of each register is the one at the pins
        going = Signal(BURST * WORD, reset_less=True)
        masks = Signal(BURST * WORD // 8, init=-1)
        driven = Signal(BURST)
        m.d.comb += [
            pins.dq.o.eq(going[:WORD]),
            pins.dqm.eq(masks[: WORD // 8]),
            pins.dq.oe.eq(driven[0]),
        ]
        m.d.sync += [
            going.eq(going >> WORD),
            masks.eq(Cat(masks[WORD // 8 :], (~self.awake).replicate(WORD // 8))),
            driven.eq(driven >> 1),
        ]
        with m.If(self.write):
            m.d.sync += [going.eq(self.beat.data), masks.eq(~self.beat.strobe), driven.eq(-1)]

        # words are shifted in all the time; when the last of a burst is captured, all are there
        captured = Signal(WORD, reset_less=True)
        earlier = Signal((BURST - 1) * WORD, reset_less=True)
        due = Signal(self._delay + BURST)
        m.d.sync += [
            captured.eq(pins.dq.i),
            earlier.eq(Cat(earlier[WORD:], captured)),
            due.eq(Cat(self.read, due)),
        ]
        m.d.comb += [self.words.eq(Cat(earlier, captured)), self.arrived.eq(due[-1])]
        return m
