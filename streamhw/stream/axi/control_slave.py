# SPDX-License-Identifier: Apache-2.0
"""The AXI4-Lite slave through which the host starts the machine, gives it tokens and reads them."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..handshake_choice import NUMBER_BITS
from . import register_map as registers
from .lite_read import LiteRead
from .lite_write import LiteWrite
from .register_fields import Fields, strobed, word
from .signature import ADDRESS_WIDTH, axi4_lite
from .start_check import start_refusal
from .token_window import TokenWindow

__all__ = ["ControlSlave"]

Settings = dict[int, Fields]
"""Read-write registers by their addresses."""


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
    cfg_watchdog, cfg_observed: what WATCHDOG and OBSERVED have
    stat_counting: what happened while busy is still on its way to a counter
    counter_number, counter_value: a counter as the host reads it, 1 cycle later
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
    is cleared by a start; reading the low word of CYCLES or of a counter freezes what the high
    words read, so that a pair is consistent.

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
        self._counters = registers.counters(ports)
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
                "cfg_observed": Out(NUMBER_BITS),
                "stat_counting": In(1),
                "counter_number": Out(range(self._counters)),
                "counter_value": In(registers.COUNTER_BITS),
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
        m.submodules.write = write = LiteWrite(address=self.address_width)
        m.submodules.read = read = LiteRead(address=self.address_width)
        for side, channels in ((write, ("aw", "w", "b")), (read, ("ar", "r"))):
            for channel in channels:
                wiring.connect(
                    m, getattr(side, channel), wiring.flipped(getattr(self.bus, channel))
                )

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
            registers.OBSERVED: {0: self.cfg_observed},
        }
        refusal, refused = Signal(4), Signal(4)
        m.d.comb += refusal.eq(
            start_refusal(
                prompt=lengths[registers.PROMPT_LENGTH],
                total=lengths[registers.TOTAL_LENGTH],
                context=self._context,
                base=self.cfg_base,
                alignment=self._alignment,
                fault=self.stat_fault,
                running=self.stat_running,
            )
        )
        token = self._window(m, write, read)
        self._write(m, write, settings, refusal, refused)
        self._read(m, read, token, settings, refused)
        return m

    def _window(self, m: Module, write: LiteWrite, read: LiteRead) -> Value:
        """The token window, for the machine and for the host; what the host reads."""
        m.submodules.window = window = TokenWindow(
            context=self._context, token_width=self._token_width
        )
        in_window, _, place = self._decode(write.address)
        m.d.comb += [
            window.read_addr.eq(self.token_read_addr),
            self.token_read_data.eq(window.read_data),
            window.write_addr.eq(self.token_write_addr),
            window.write_data.eq(self.token_write_data),
            window.write_enable.eq(self.token_write_enable),
            # the machine's token first; the host tries again in the next cycle
            write.waits.eq(in_window & self.token_write_enable),
            window.host_addr.eq(place),
            window.host_data.eq(write.value),
            window.host_strobe.eq(Mux(write.acts & in_window & write.good, write.strobe, 0)),
            window.host_read_addr.eq(self._decode(read.address)[2]),
        ]
        return window.host_read_data

    def _write(
        self, m: Module, write: LiteWrite, settings: Settings, refusal: Signal, refused: Signal
    ) -> None:
        """What a write of the host does, and whether it may."""
        pulses = {
            registers.CONTROL_STOP: self.cfg_stop,
            registers.CONTROL_ABORT: self.cfg_abort,
            registers.CONTROL_CLEAR: self.cfg_clear,
            registers.CONTROL_FORGET: self.cfg_forget,
        }
        m.d.sync += [pulse.eq(0) for pulse in (self.cfg_start, *pulses.values())]
        open_ = Signal()
        m.d.comb += open_.eq(~self.stat_busy & ~self.cfg_start)
        in_window, exists, _ = self._decode(write.address)
        with m.If(in_window):
            m.d.comb += write.good.eq(exists & open_)
        with m.Else():
            with m.Switch(write.address[2:]):
                with m.Case(registers.CONTROL >> 2):
                    m.d.comb += write.good.eq(1)
                    with m.If(write.acts & write.strobe[0]):
                        m.d.sync += [p.eq((write.value & bit).any()) for bit, p in pulses.items()]
                        with m.If(self.stat_busy):
                            m.d.sync += self.cfg_clear.eq(0)
                        with m.If((write.value & registers.CONTROL_START).any() & open_):
                            m.d.sync += [
                                self.cfg_start.eq(refusal == registers.Refusal.NONE),
                                refused.eq(refusal),
                            ]
                for where, target in settings.items():
                    with m.Case(where >> 2):
                        m.d.comb += write.good.eq(open_)
                        with m.If(write.acts & open_):
                            m.d.sync += strobed(target, write.value, write.strobe)

    def _read(
        self, m: Module, read: LiteRead, token: Value, settings: Settings, refused: Signal
    ) -> None:
        """What the host reads."""
        cycles, high = Signal(64), Signal(32)
        with m.If(self.cfg_start):
            m.d.sync += cycles.eq(0)
        with m.Elif(self.stat_busy):
            m.d.sync += cycles.eq(cycles + 1)
        fault = Cat(
            *(self.stat_fault, Const(0, 1), self.stat_fault_write, Const(0, 3)),
            self.stat_fault_port,
        )
        sources: dict[int, Value | int] = {
            registers.ID: registers.ID_VALUE,
            registers.BUILD: self.stat_build,
            registers.CONTROL: 0,
            registers.STATUS: self._status(m, refused),
            registers.COUNT: self.stat_count,
            registers.CYCLES_LO: cycles[:32],
            registers.CYCLES_HI: high,
            registers.READ_ERRORS: self.stat_read_errors,
            registers.WRITE_ERRORS: self.stat_write_errors,
            registers.FAULT: fault,
            registers.FAULT_ADDRESS_LO: self.stat_fault_address[:32],
            registers.FAULT_ADDRESS_HI: self.stat_fault_address[32:],
        }
        sources |= {where: word(target) for where, target in settings.items()}
        in_window, exists, _ = self._decode(read.address)
        # counters have all addresses from theirs to twice as far
        below = (registers.COUNTERS - 1).bit_length()
        number, counted = read.address[3:below], Signal()
        m.d.comb += [
            self.counter_number.eq(number),
            counted.eq(read.address[below:] == registers.COUNTERS >> below),
        ]
        with m.If(in_window):
            m.d.comb += [read.value.eq(token), read.good.eq(exists)]
        with m.Elif(counted):
            m.d.comb += [
                read.value.eq(Mux(read.address[2], high, self.counter_value)),
                read.good.eq(number < self._counters),
            ]
        with m.Else():
            with m.Switch(read.address[2:]):
                for where, source in sources.items():
                    with m.Case(where >> 2):
                        m.d.comb += [read.value.eq(source), read.good.eq(1)]
        at_cycles = ~in_window & (read.address[2:] == registers.CYCLES_LO >> 2)
        with m.If(read.acts & (at_cycles | (counted & ~read.address[2]))):
            m.d.sync += high.eq(Mux(counted, self.counter_value[32:], cycles[32:]))

    def _status(self, m: Module, refused: Signal) -> Value:
        """The word of STATUS."""
        aborted = Signal()
        with m.If(self.cfg_start):
            m.d.sync += aborted.eq(0)
        with m.Elif(self.stat_closing):
            m.d.sync += aborted.eq(1)
        error = Cat(refused, self.stat_fault).any()
        idle = self.stat_idle & ~self.stat_busy & ~self.cfg_start & ~self.stat_counting
        return Cat(
            *(self.stat_busy, self.stat_done, error, idle, aborted, self.stat_stuck),
            *(Const(0, 2), refused),
        )

    def _decode(self, address: Signal) -> tuple[Value, Value, Value]:
        """Whether an address is in the window, whether a token is there, and which."""
        place = address[2:-1]
        return address[-1], place < self._context, place
