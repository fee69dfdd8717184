# SPDX-License-Identifier: Apache-2.0
"""Turns accesses into the commands of an SDRAM chip: power-up, rows, bursts, refreshes."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ...boards.memory.sdram_part import SdramCycles
from .pause import Pause
from .pins import ALL_BANKS, BANK_BITS, SdramCommand, command_layout
from .refresh import RefreshRhythm

__all__ = ["BURST", "CommandSequencer", "access_layout", "mode_register", "refresh_lateness"]

BURST = 8
"""Words of an access, one a cycle."""

LOOKUP = 4
"""Cycles from the command of an access to the first one that may follow for the next access."""

TURN = 9
"""Cycles from a read to a write besides the CAS latency: the burst, and one for the bus to rest."""


def access_layout(*, row_bits: int, column_bits: int) -> data.StructLayout:
    """An access by its place: consecutive ones fill a row, then go to the next bank.

    column_bits: of a word's address in a row; an access begins at every eighth
    """
    return data.StructLayout(
        {"column": column_bits - 3, "bank": BANK_BITS, "row": row_bits, "write": 1}
    )


def mode_register(cas: int) -> int:
    """Sequential bursts of ``BURST`` words for reads and writes."""
    return cas << 4 | BURST.bit_length() - 1


def refresh_lateness(cycles: SdramCycles) -> int:
    """Most cycles from a tick of the rhythm to its refresh: an access that has begun comes first.

    It may close a row after a write and open its own, or wait for the bus to turn.
    """
    written = BURST - 1 + cycles.wr
    begun = max(written + cycles.rp + cycles.rcd, cycles.cas + TURN)
    return begun + written + cycles.rp + LOOKUP


class CommandSequencer(wiring.Component):
    """Serves accesses in their order, a burst of eight words each; leaves rows open.

    While the words of an access pass, the row of the next one is closed and opened if need be, so
    that only rows of one bank, turns of the bus and refreshes leave the data pins idle. After
    reset it brings the chip up, and takes no access before it has.

    An access goes through a fixed course of states, which alone keeps most rules of the chip: two
    rows are opened at least ``rcd + LOOKUP`` cycles apart, and a row is closed no sooner than a
    whole burst after its ``rcd``. Only the rules that a state waits for have a ``Pause``.

    Parameters
    ----------
    cycles: times of the chip
    row_bits, column_bits: its address bits

    Members
    -------
    access: stream of ``access_layout``
    command: ``command_layout``; registers
    read, write: the command begins a burst; registers
    awake: the chip is up; a register

    Timing: an access is taken in the cycle in which its READ or WRITE is shown. Reads of a bank's
    open row, or of another bank, follow each other every ``BURST`` cycles if ``rp + rcd`` is at
    most 4. Two refreshes are at most ``cycles.refi`` cycles apart.
    Raises: ``ValueError`` if the course of states would break a rule at these times.
    """

    def __init__(self, *, cycles: SdramCycles, row_bits: int, column_bits: int):
        _check(cycles)
        self._cycles = cycles
        self._row_bits = row_bits
        layout = access_layout(row_bits=row_bits, column_bits=column_bits)
        super().__init__(
            {
                "access": In(stream.Signature(layout)),
                "command": Out(command_layout(), init={"code": SdramCommand.NOTHING}),
                "read": Out(1),
                "write": Out(1),
                "awake": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        cycles, access, command = self._cycles, self.access.p, self.command
        period = cycles.refi - refresh_lateness(cycles)
        naps = -(-cycles.power_up // period)  # ticks until the power-up time is over
        first = max(2, cycles.power_up - (naps - 1) * period)
        m.submodules.rhythm = rhythm = RefreshRhythm(period=period, first=first)
        written = BURST - 1 + cycles.wr
        turned = cycles.cas + TURN

        # from the last command of a row, a refresh or the mode to what it allows
        settled = Pause(
            m, name="settled", longest=max(cycles.rp, cycles.rcd, cycles.rfc, cycles.mrd)
        )
        burst = Pause(m, name="burst", longest=BURST)
        turn = Pause(m, name="turn", longest=turned)  # from a read to a write
        closable = Pause(m, name="closable", longest=max(BURST, written))  # the row last accessed

        m.submodules.rows = rows = Memory(shape=self._row_bits, depth=1 << BANK_BITS, init=[])
        row_read, row_write = rows.read_port(domain="comb"), rows.write_port()
        opened = Signal(1 << BANK_BITS)
        latest = Signal(BANK_BITS, reset_less=True)  # bank of the last access
        found = Signal(self._row_bits, reset_less=True)  # the row that is open in the bank
        is_open, is_latest, is_hit = (Signal(reset_less=True) for _ in range(3))
        asleep_for = Signal(range(naps + 1), init=naps - 1)
        more = Signal(range(cycles.refreshes), init=cycles.refreshes - 1)

        m.d.comb += [
            self.access.ready.eq(self.read | self.write),
            row_read.addr.eq(access.bank),
            row_write.addr.eq(access.bank),
            row_write.data.eq(access.row),
        ]
        m.d.sync += [
            command.code.eq(SdramCommand.NOTHING),
            command.bank.eq(access.bank),
            command.address.eq(access.column << 3),
            self.read.eq(0),
            self.write.eq(0),
            found.eq(row_read.data),
            is_open.eq(opened.bit_select(access.bank, 1)),
            is_latest.eq(access.bank == latest),
            is_hit.eq(found == access.row),
        ]

        with m.FSM():
            with m.State("ASLEEP"):
                with m.If(rhythm.tick):
                    m.d.sync += asleep_for.eq(asleep_for - 1)
                    with m.If(asleep_for == 0):
                        m.next = "CLOSE ALL"
            with m.State("CLOSE ALL"):
                with m.If(settled.over & closable.over):
                    m.d.sync += [
                        command.code.eq(SdramCommand.PRECHARGE),
                        command.address.eq(ALL_BANKS),
                        opened.eq(0),
                        settled.start(cycles.rp),
                    ]
                    m.next = "REFRESH"
            with m.State("REFRESH"):
                with m.If(settled.over):
                    m.d.comb += rhythm.done.eq(1)
                    m.d.sync += [
                        command.code.eq(SdramCommand.REFRESH),
                        settled.start(cycles.rfc),
                    ]
                    with m.If(self.awake):
                        m.next = "IDLE"
                    with m.Else():
                        m.d.sync += more.eq(more - 1)
                        with m.If(more == 0):
                            m.next = "MODE"
            with m.State("MODE"):
                with m.If(settled.over):
                    m.d.sync += [
                        command.code.eq(SdramCommand.MODE),
                        command.bank.eq(0),
                        command.address.eq(mode_register(cycles.cas)),
                        settled.start(cycles.mrd),
                        self.awake.eq(1),
                    ]
                    m.next = "IDLE"
            with m.State("IDLE"):
                with m.If(rhythm.due):
                    m.next = "CLOSE ALL"
                with m.Elif(self.access.valid):
                    m.next = "COMPARE"
            with m.State("COMPARE"):
                m.next = "JUDGE"
            with m.State("JUDGE"):
                with m.If(~is_open):
                    m.next = "OPEN"
                with m.Elif(is_hit):
                    m.next = "ACCESS"
                with m.Elif(closable.over | ~is_latest):
                    m.d.sync += [
                        command.code.eq(SdramCommand.PRECHARGE),
                        command.address.eq(0),
                        settled.start(cycles.rp),
                    ]
                    m.next = "OPEN"
            with m.State("OPEN"):
                with m.If(settled.over):
                    m.d.comb += row_write.en.eq(1)
                    m.d.sync += [
                        command.code.eq(SdramCommand.ACTIVATE),
                        command.address.eq(access.row),
                        opened.bit_select(access.bank, 1).eq(1),
                        settled.start(cycles.rcd),
                    ]
                    m.next = "ACCESS"
            with m.State("ACCESS"):
                with m.If(settled.over & burst.over & (turn.over | ~access.write)):
                    m.d.sync += [latest.eq(access.bank), burst.start(BURST)]
                    with m.If(access.write):
                        m.d.sync += [
                            command.code.eq(SdramCommand.WRITE),
                            self.write.eq(1),
                            closable.start(written),
                        ]
                    with m.Else():
                        m.d.sync += [
                            command.code.eq(SdramCommand.READ),
                            self.read.eq(1),
                            closable.start(BURST),
                            turn.start(turned),
                        ]
                    m.next = "TAKEN"
            with m.State("TAKEN"):
                m.next = "IDLE"
        return m


def _check(cycles: SdramCycles) -> None:
    """Whether the course of states keeps the rules that no pause counts."""
    again = cycles.rcd + BURST + cycles.rp  # a row is opened, accessed, closed, another opened
    for name, needs, has in (
        ("ras", cycles.ras, cycles.rcd + BURST),
        ("rc", cycles.rc, again),
        ("rrd", cycles.rrd, cycles.rcd + LOOKUP),
        ("wr", BURST - 1 + cycles.wr, BURST + LOOKUP),
    ):
        if needs > has:
            raise ValueError(f"CommandSequencer needs {name} within {has} cycles, not {needs}")
    apart = 2 * refresh_lateness(cycles)
    if cycles.refi < apart:
        raise ValueError(
            f"CommandSequencer needs refreshes at least {apart} cycles apart, not {cycles.refi}"
        )
