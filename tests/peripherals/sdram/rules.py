# SPDX-License-Identifier: Apache-2.0
"""The rules of a data sheet as assertions: how long ago each command of each bank was."""

from amaranth.hdl import Array, Assert, Assume, Module, Mux, ResetSignal, Signal, Value

from streamhw.boards.memory.sdram_part import SdramCycles
from streamhw.peripherals.sdram.pins import SdramCommand
from streamhw.peripherals.sdram.sequencer import BURST, CommandSequencer
from streamhw.testing import prove

__all__ = ["prove_sequencer"]

BANKS = 4


class Since:
    """Cycles since an event, up to a limit, which it also has before the first."""

    def __init__(self, m: Module, name: str, event: Value, limit: int):
        self.count = Signal(range(limit + 1), name=f"since_{name}", init=limit)
        m.d.sync += self.count.eq(Mux(event, 1, Mux(self.count == limit, limit, self.count + 1)))

    def least(self, cycles: int) -> Value:
        """Whether it is at least so long ago."""
        return self.count >= cycles


def prove_sequencer(made_for: SdramCycles, rules: SdramCycles, *, depth: int) -> None:
    """That a sequencer made for some times keeps those of ``rules``, whatever it is asked for.

    Accesses stay until they are taken, as a queue offers them; the reset stays away.
    """
    m = Module()
    m.submodules.dut = dut = CommandSequencer(cycles=made_for, row_bits=1, column_bits=4)
    access, code, address = dut.access, dut.command.code, dut.command.address
    accessed, every = dut.read | dut.write, address[10]
    activate, close = code == SdramCommand.ACTIVATE, code == SdramCommand.PRECHARGE
    refresh, mode = code == SdramCommand.REFRESH, code == SdramCommand.MODE

    waits = Signal()
    before = Signal(len(Value.cast(access.p)))
    m.d.sync += [waits.eq(access.valid & ~access.ready), before.eq(Value.cast(access.p))]
    m.d.comb += [
        Assume(~ResetSignal()),
        Assume(~waits | (access.valid & (Value.cast(access.p) == before))),
    ]

    turned = rules.cas + BURST + 1
    limit = max(rules.ras, rules.rc, rules.rfc, rules.mrd, turned, rules.wr + BURST)
    since_refresh = Since(m, "refresh", refresh, rules.refi + 1)
    since_mode = Since(m, "mode", mode, limit)
    since_activate = Since(m, "activate", activate, limit)
    since_access = Since(m, "access", accessed, limit)
    since_read = Since(m, "read", dut.read, limit)
    awake = Signal()
    rows = Array(Signal(1, name=f"row_{bank}") for bank in range(BANKS))
    with m.If(mode):
        m.d.sync += awake.eq(1)
    with m.If(activate):
        m.d.sync += rows[dut.command.bank].eq(address)

    def holds(case: Value, *rules: Value) -> None:
        for rule in rules:
            m.d.comb += Assert(~case | rule)

    for bank in range(BANKS):
        here = dut.command.bank == bank
        opens, closes = activate & here, close & (here | every)
        activated = Since(m, f"activate_{bank}", opens, limit)
        precharged = Since(m, f"precharge_{bank}", closes, limit)
        written = Since(m, f"write_{bank}", dut.write & here, limit)
        read = Since(m, f"read_{bank}", dut.read & here, limit)
        is_open = Signal(name=f"open_{bank}")
        with m.If(opens | closes):
            m.d.sync += is_open.eq(opens)
        holds(opens, ~is_open, precharged.least(rules.rp), activated.least(rules.rc))
        holds(refresh | mode, ~is_open, precharged.least(rules.rp))
        holds(accessed & here, is_open, activated.least(rules.rcd))
        # the last word is told BURST - 1 cycles after the first
        holds(closes & is_open, activated.least(rules.ras), read.least(BURST))
        holds(closes & is_open, written.least(BURST - 1 + rules.wr))
    holds(code != SdramCommand.NOTHING, since_refresh.least(rules.rfc), since_mode.least(rules.mrd))
    holds(activate, awake, since_activate.least(rules.rrd), address == access.p.row)
    holds(awake, since_refresh.count <= rules.refi)
    holds(accessed, since_access.least(BURST), address == access.p.column << 3)
    holds(accessed, rows[dut.command.bank] == access.p.row, access.valid & access.ready)
    holds(dut.write, code == SdramCommand.WRITE, access.p.write, since_read.least(turned))
    holds(dut.read, code == SdramCommand.READ, ~access.p.write)
    prove(m, ports=[access.valid, Value.cast(access.p)], covers=[awake & refresh], depth=depth)
