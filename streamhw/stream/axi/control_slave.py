# SPDX-License-Identifier: Apache-2.0
"""The AXI4-Lite slave through which the host starts the machine, gives it tokens and reads them."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from . import register_map as registers
from .signature import ADDRESS_WIDTH, OKAY, SLAVE_ERROR, axi4_lite

__all__ = ["ControlSlave"]

Settings = dict[int, dict[int, Signal | Value]]
"""Read-write registers: the fields at their lowest bits."""


class ControlSlave(wiring.Component):
    """The registers of ``streamhw.stream.axi.register_map`` and the token window.

    Parameters
    ----------
    context: tokens of the window, at least 2
    token_width: bits of a token, 1 to 31
    ports: memory ports, 1 to 32
    alignment: bytes that divide the base address, a power of two

    Members
    -------
    bus: AXI4-Lite slave of 32 bits, with ``registers.address_width(context)`` address bits
    cfg_start, cfg_stop, cfg_abort, cfg_clear, cfg_forget: 1 for one cycle when the host writes the
        bit of CONTROL; a start is ignored while busy, and refused if a setting is illegal
        (``registers.Refusal``); faults are not cleared while busy
    cfg_prompt_length, cfg_total_length: tokens; in range while busy
    cfg_eos, cfg_eos_enable: the token that ends the answer, and whether any does
    cfg_base: byte address of the memory image, 64 bits
    cfg_watchdog: what WATCHDOG has
    stat_build: constant that BUILD reads
    stat_busy, stat_done, stat_count: what STATUS and COUNT read; stat_busy must follow cfg_start in
        the next cycle
    stat_read_errors, stat_write_errors: what READ_ERRORS and WRITE_ERRORS read
    stat_fault, stat_fault_port, stat_fault_write, stat_fault_address: what the registers of that
        name read
    stat_running, stat_closing, stat_idle: as of ``Recovery``; stat_stuck: a port is
    token_read_addr, token_read_data: the window as the machine reads it, 1 cycle later
    token_write_addr, token_write_data, token_write_enable: as it appends; comes before a host's
        write of the same cycle, and a read of the same cycle sees the old token

    Behaviour: AW and W come in any order; WSTRB is honored, also in the window; an address where
    nothing is, and a write of what is read-only, get SLVERR and change nothing. While busy settings
    and window are read-only. The two lowest address bits are ignored. CYCLES counts while busy, and
    is cleared by a start; reading CYCLES_LO freezes what CYCLES_HI reads, so that the pair is
    consistent.

    Timing: B 2 cycles after the later of AW and W, R 3 cycles after AR; one access at a time in
    each direction.
    Buffers: a memory of ``context`` words of whole bytes with two read ports.
    Stalls: all ready and valid signals of the bus are registers.
    Raises: ``ValueError`` if a parameter is out of its range.
    """

    def __init__(self, *, context: int, token_width: int, ports: int = 1, alignment: int = 1):
        if context < 2:
            raise ValueError(f"Control context must be at least 2, not {context}")
        if not 1 <= token_width <= 31:
            raise ValueError(f"Control token_width must be 1 to 31 bits, not {token_width}")
        if not 1 <= ports <= 32:
            raise ValueError(f"Control ports must be 1 to 32, not {ports}")
        if alignment < 1 or alignment & (alignment - 1):
            raise ValueError(f"Control alignment must be a power of two, not {alignment}")
        self._context = context
        self._alignment = alignment
        self._token_width = token_width
        self.address_width = registers.address_width(context)
        length = range(context + 1)
        super().__init__(
            {
                "bus": In(axi4_lite(address=self.address_width)),
                "cfg_start": Out(1),
                "cfg_stop": Out(1),
                "cfg_abort": Out(1),
                "cfg_clear": Out(1),
                "cfg_forget": Out(1),
                "cfg_prompt_length": Out(length),
                "cfg_total_length": Out(length),
                "cfg_eos": Out(token_width),
                "cfg_eos_enable": Out(1),
                "cfg_base": Out(64),
                "cfg_watchdog": Out(32, init=registers.WATCHDOG_DEFAULT),
                "stat_build": In(32),
                "stat_busy": In(1),
                "stat_done": In(1),
                "stat_read_errors": In(ports),
                "stat_write_errors": In(ports),
                "stat_fault": In(3),
                "stat_fault_port": In(5),
                "stat_fault_write": In(1),
                "stat_fault_address": In(ADDRESS_WIDTH),
                "stat_running": In(1),
                "stat_closing": In(1),
                "stat_idle": In(1),
                "stat_stuck": In(1),
                "stat_count": In(length),
                "token_read_addr": In(range(context)),
                "token_read_data": Out(token_width),
                "token_write_addr": In(range(context)),
                "token_write_data": In(token_width),
                "token_write_enable": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        size = -(-self._token_width // 8)  # bytes of a stored token
        m.submodules.window = window = Memory(shape=8 * size, depth=self._context, init=[])
        write = window.write_port(granularity=8)
        machine = window.read_port()
        host = window.read_port()
        m.d.comb += [
            machine.addr.eq(self.token_read_addr),
            self.token_read_data.eq(machine.data),
        ]
        cycles = Signal(64)
        with m.If(self.cfg_start):
            m.d.sync += cycles.eq(0)
        with m.Elif(self.stat_busy):
            m.d.sync += cycles.eq(cycles + 1)

        lengths = {
            registers.PROMPT_LENGTH: Signal(32, name="prompt_length"),
            registers.TOTAL_LENGTH: Signal(32, name="total_length"),
        }
        m.d.comb += [
            self.cfg_prompt_length.eq(lengths[registers.PROMPT_LENGTH]),
            self.cfg_total_length.eq(lengths[registers.TOTAL_LENGTH]),
        ]
        settings: Settings = {where: {0: length} for where, length in lengths.items()}
        settings |= {
            registers.EOS: {0: self.cfg_eos, 31: self.cfg_eos_enable},
            registers.BASE_LO: {0: self.cfg_base[:32]},
            registers.BASE_HI: {0: self.cfg_base[32:]},
            registers.WATCHDOG: {0: self.cfg_watchdog},
        }
        refusal, refused = Signal(4), Signal(4)
        m.d.comb += refusal.eq(self._refusal(*lengths.values()))
        self._write(m, write, settings, refusal, refused)
        self._read(m, host, settings, cycles, refused)
        return m

    def _refusal(self, prompt: Signal, total: Signal) -> Value:
        """Why the settings do not allow a start now."""
        base, size = self.cfg_base, len(self.cfg_total_length)
        outside = base[ADDRESS_WIDTH:].any() | (base & (self._alignment - 1)).any()
        reasons = {
            registers.Refusal.PROMPT: prompt == 0,
            registers.Refusal.CONTEXT: total[size:].any() | (total[:size] > self._context),
            registers.Refusal.TOTAL: prompt[size:].any() | (total[:size] <= prompt[:size]),
            registers.Refusal.BASE: outside,
            registers.Refusal.MEMORY: self.stat_fault.any(),
            registers.Refusal.DRAINING: ~self.stat_running,
        }
        found: Value = Const(registers.Refusal.NONE)
        for reason, holds in reversed(reasons.items()):
            found = Mux(holds, reason.value, found)
        return found

    def _write(
        self,
        m: Module,
        port: wiring.PureInterface,
        settings: Settings,
        refusal: Signal,
        refused: Signal,
    ) -> None:
        """AW, W, B: take both, then act in one cycle and answer."""
        bus = self.bus
        have_address, have_data, act = Signal(), Signal(), Signal()
        free = Signal()  # a register, so that no ready depends on B within a cycle
        address = Signal(self.address_width)
        value = Signal(32)
        strobe = Signal(4)
        m.d.comb += [
            bus.aw.ready.eq(~have_address),
            bus.w.ready.eq(~have_data),
            free.eq(~bus.b.valid),
        ]
        with m.If(bus.aw.valid & bus.aw.ready):
            m.d.sync += [have_address.eq(1), address.eq(bus.aw.p.addr)]
        with m.If(bus.w.valid & bus.w.ready):
            m.d.sync += [have_data.eq(1), value.eq(bus.w.p.data), strobe.eq(bus.w.p.strb)]
        with m.If(bus.b.ready):
            m.d.sync += bus.b.valid.eq(0)

        in_window, exists, place = self._decode(address)
        # the machine's token first; the host tries again in the next cycle
        m.d.comb += act.eq(have_address & have_data & free & ~(in_window & self.token_write_enable))
        good = Signal()
        with m.If(act):
            m.d.sync += [
                have_address.eq(0),
                have_data.eq(0),
                bus.b.valid.eq(1),
                bus.b.p.resp.eq(Mux(good, OKAY, SLAVE_ERROR)),
            ]
        with m.If(self.token_write_enable):
            m.d.comb += [
                port.addr.eq(self.token_write_addr),
                port.data.eq(self.token_write_data),
                port.en.eq(~0),
            ]
        with m.Else():
            m.d.comb += port.addr.eq(place)
            keep = (1 << self._token_width) - 1
            m.d.comb += port.data.eq(value & keep)
            with m.If(act & in_window & good):
                m.d.comb += port.en.eq(strobe)

        pulses = {
            registers.CONTROL_STOP: self.cfg_stop,
            registers.CONTROL_ABORT: self.cfg_abort,
            registers.CONTROL_CLEAR: self.cfg_clear,
            registers.CONTROL_FORGET: self.cfg_forget,
        }
        m.d.sync += [pulse.eq(0) for pulse in (self.cfg_start, *pulses.values())]
        open_ = Signal()
        m.d.comb += open_.eq(~self.stat_busy & ~self.cfg_start)
        with m.If(in_window):
            m.d.comb += good.eq(exists & open_)
        with m.Else():
            with m.Switch(address[2:]):
                with m.Case(registers.CONTROL >> 2):
                    m.d.comb += good.eq(1)
                    with m.If(act & strobe[0]):
                        m.d.sync += [p.eq((value & bit).any()) for bit, p in pulses.items()]
                        with m.If(self.stat_busy):
                            m.d.sync += self.cfg_clear.eq(0)
                        with m.If((value & registers.CONTROL_START).any() & open_):
                            m.d.sync += [
                                self.cfg_start.eq(refusal == registers.Refusal.NONE),
                                refused.eq(refusal),
                            ]
                for where, target in settings.items():
                    with m.Case(where >> 2):
                        m.d.comb += good.eq(open_)
                        with m.If(act & open_):
                            m.d.sync += _merge(target, value, strobe)

    def _read(
        self,
        m: Module,
        port: wiring.PureInterface,
        settings: Settings,
        cycles: Signal,
        refused: Signal,
    ) -> None:
        """AR, R: one cycle for the address, one for the memory, one for the choice."""
        bus = self.bus
        have_address, fetched = Signal(), Signal()
        address = Signal(self.address_width)
        high = Signal(32)
        m.d.comb += bus.ar.ready.eq(~have_address)
        with m.If(bus.ar.valid & bus.ar.ready):
            m.d.sync += [have_address.eq(1), address.eq(bus.ar.p.addr)]
        with m.If(bus.r.ready):
            m.d.sync += bus.r.valid.eq(0)

        in_window, exists, place = self._decode(address)
        m.d.comb += port.addr.eq(place)
        m.d.sync += fetched.eq(have_address & ~fetched)
        aborted = Signal()
        with m.If(self.cfg_start):
            m.d.sync += aborted.eq(0)
        with m.Elif(self.stat_closing):
            m.d.sync += aborted.eq(1)
        error = Cat(refused, self.stat_fault).any()
        idle = self.stat_idle & ~self.stat_busy & ~self.cfg_start
        status = Cat(
            *(self.stat_busy, self.stat_done, error, idle, aborted, self.stat_stuck),
            *(Const(0, 2), refused),
        )
        fault = Cat(
            *(self.stat_fault, Const(0, 1), self.stat_fault_write, Const(0, 3)),
            self.stat_fault_port,
        )
        sources: dict[int, Value | int] = {
            registers.ID: registers.ID_VALUE,
            registers.BUILD: self.stat_build,
            registers.CONTROL: 0,
            registers.STATUS: status,
            registers.COUNT: self.stat_count,
            registers.CYCLES_LO: cycles[:32],
            registers.CYCLES_HI: high,
            registers.READ_ERRORS: self.stat_read_errors,
            registers.WRITE_ERRORS: self.stat_write_errors,
            registers.FAULT: fault,
            registers.FAULT_ADDRESS_LO: self.stat_fault_address[:32],
            registers.FAULT_ADDRESS_HI: self.stat_fault_address[32:],
        }
        sources |= {where: _word(target) for where, target in settings.items()}
        result, good = Signal(32), Signal()
        with m.If(in_window):
            m.d.comb += [result.eq(port.data), good.eq(exists)]
        with m.Else():
            with m.Switch(address[2:]):
                for where, source in sources.items():
                    with m.Case(where >> 2):
                        m.d.comb += [result.eq(source), good.eq(1)]
        with m.If(have_address & fetched & ~bus.r.valid):
            m.d.sync += [
                have_address.eq(0),
                fetched.eq(0),
                bus.r.valid.eq(1),
                bus.r.p.data.eq(Mux(good, result, 0)),
                bus.r.p.resp.eq(Mux(good, OKAY, SLAVE_ERROR)),
            ]
            with m.If(~in_window & (address[2:] == registers.CYCLES_LO >> 2)):
                m.d.sync += high.eq(cycles[32:])
        with m.Elif(have_address & fetched):
            m.d.sync += fetched.eq(1)

    def _decode(self, address: Signal) -> tuple[Value, Value, Value]:
        """Whether an address is in the window, whether a token is there, and which."""
        place = address[2:-1]
        return address[-1], place < self._context, place


def _word(fields: dict[int, Value]) -> Value:
    """The 32 bits that a register with these fields reads."""
    total: Value | int = 0
    for low, field in fields.items():
        total = total | (field << low)
    return total


def _merge(fields: dict[int, Value], value: Signal, strobe: Signal) -> list[object]:
    """Assignments that write the strobed bytes of a register."""
    statements = []
    for low, field in fields.items():
        for bit in range(len(field)):
            at = low + bit
            statements.append(field[bit].eq(Mux(strobe[at // 8], value[at], field[bit])))
    return statements
