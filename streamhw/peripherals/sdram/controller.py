# SPDX-License-Identifier: Apache-2.0
"""SDRAM controller: an AXI4 slave of 128 bits in one clock domain, the chip's pins in another."""

from amaranth.hdl import Cat, DomainRenamer, Module, Value
from amaranth.lib import data, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ...boards.memory.sdram_part import SdramPart
from ...stream.axi.signature import axi4
from ...stream.clock_crossing import ClockCrossing
from .burst import BEAT_BITS
from .data_path import DataPath
from .pins import SdramPins
from .read_front import ReadFront
from .sequencer import CommandSequencer, access_layout
from .turns import Turns
from .write_front import WriteFront

__all__ = ["SdramController"]

ROOM = 16
"""Beats of reads that may be under way."""

WAITING = 8
"""Accesses between the domains, besides the one that the chip is told next."""

ACCESSES = WAITING + 1


class SdramController(wiring.Component):
    """Serves bursts of 128-bit beats from an SDRAM chip of 16 bits, each beat a burst of the chip.

    ::

        AR, R     -> ReadFront  -> Turns -> queue -> CommandSequencer -> DataPath -> pins
        AW, W, B  -> WriteFront ->                   queue of read beats <-

    The bits of a byte address, from the lowest: byte and word of the beat, place in the row, bank,
    row. So beats in sequence go from bank to bank, and the next row is opened in time. A byte whose
    strobe is 0 is masked at the chip.

    Parameters
    ----------
    part: the chip; clock_mhz: of domain ``sdram``, which is the chip's clock
    read_delay: cycles by which read words are captured later than the chip's CAS latency after the
        cycle of the command: 1 for a chip clocked as the domain is, more for what pins, wires and
        a shifted clock add

    Members
    -------
    bus: AXI4 slave, 128 bits, byte addresses of 40 bits, IDs of 4; INCR bursts of full width
    pins: ``SdramPins``, all outputs registers, in domain ``sdram``

    Domains: the bus is in ``sync``. The clocks need no relation. Both are reset together, and with
    the chip's content: a reset goes through the power-up sequence. AXI is not ready before its end.
    Order: accesses are served in the order in which they leave AXI's channels, reads and writes in
    groups. Reads are answered in order, whatever their IDs. What is read after a write was
    answered is what it wrote.
    Errors: DECERR beyond the memory, SLVERR for bursts other than INCR of full width; nothing is
    written then.
    Raises: ``ValueError`` for a clock that the part or the course of commands does not allow, or a
    ``read_delay`` below 1.
    """

    def __init__(self, *, part: SdramPart, clock_mhz: float, read_delay: int = 1):
        self._part = part
        self._cycles = cycles = part.cycles(clock_mhz)
        self._row_bits = part.rows.bit_length() - 1
        self._column_bits = part.columns.bit_length() - 1
        self._sequencer = CommandSequencer(
            cycles=cycles, row_bits=self._row_bits, column_bits=self._column_bits
        )
        self._data_path = DataPath(cas=cycles.cas, read_delay=read_delay)
        super().__init__({"bus": In(axi4(width=BEAT_BITS)), "pins": Out(SdramPins())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = (self._part.bytes * 8 // BEAT_BITS - 1).bit_length()
        beat = data.StructLayout({"data": BEAT_BITS, "strobe": BEAT_BITS // 8})
        place = access_layout(row_bits=self._row_bits, column_bits=self._column_bits)

        in_sdram = DomainRenamer("sdram")
        m.submodules.reads = reads = ReadFront(address_bits=bits, room=ROOM)
        m.submodules.writes = writes = WriteFront(address_bits=bits)
        m.submodules.turns = turns = Turns(address_bits=bits)
        m.submodules.accesses = accesses = ClockCrossing(
            width=beat.size + place.size, depth=WAITING, source="sync", sink="sdram"
        )
        m.submodules.beats = beats = ClockCrossing(
            width=BEAT_BITS, depth=ROOM, source="sdram", sink="sync"
        )
        sequencer, data_path = self._sequencer, self._data_path
        m.submodules.sequencer = in_sdram(sequencer)
        m.submodules.data_path = in_sdram(data_path)
        m.submodules.awake = FFSynchronizer(sequencer.awake, reads.awake)

        for channel in ("ar", "r"):
            wiring.connect(
                m, getattr(reads.bus, channel), wiring.flipped(getattr(self.bus, channel))
            )
        for channel in ("aw", "w", "b"):
            wiring.connect(
                m, getattr(writes.bus, channel), wiring.flipped(getattr(self.bus, channel))
            )
        wiring.connect(m, reads.o, turns.reads)
        wiring.connect(m, writes.o, turns.writes)
        wiring.connect(m, data_path.pins, wiring.flipped(self.pins))

        access = turns.o.p
        m.d.comb += [
            writes.awake.eq(reads.awake),
            # place, data, strobe; the lowest bits of the place are those of the address
            accesses.i.p.eq(Cat(access.address, access.write, access.data, access.strobe)),
            accesses.i.valid.eq(turns.o.valid),
            turns.o.ready.eq(accesses.i.ready),
            Cat(Value.cast(sequencer.access.p), Value.cast(data_path.beat)).eq(accesses.o.p),
            sequencer.access.valid.eq(accesses.o.valid),
            accesses.o.ready.eq(sequencer.access.ready),
            data_path.command.eq(sequencer.command),
            data_path.read.eq(sequencer.read),
            data_path.write.eq(sequencer.write),
            data_path.awake.eq(sequencer.awake),
            # there is room for what was asked for
            beats.i.p.eq(data_path.words),
            beats.i.valid.eq(data_path.arrived),
        ]
        wiring.connect(m, beats.o, reads.i)
        return m
