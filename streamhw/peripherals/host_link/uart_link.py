# SPDX-License-Identifier: Apache-2.0
"""The host link on the two pins of a serial line."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...stream.axi.signature import ADDRESS_WIDTH
from ..uart.receiver import UartReceiver
from ..uart.transmitter import UartTransmitter
from .host_link import HostLink

__all__ = ["UartLink"]


class UartLink(wiring.Component):
    """A ``HostLink`` with a UART; one clock.

    Parameters  clock: Hz; baud: bits a second; all others as of ``HostLink``
    Members     rx: In(1), asynchronous; tx: Out(1), a register; both 1 at rest
                registers, memory, design_reset, bad_frame: as of ``HostLink``
                framing_error, line_break: as of ``UartReceiver``
    Raises      ValueError: if no time of a bit fits, or a parameter is out of its range
    """

    def __init__(
        self,
        *,
        clock: float,
        baud: float,
        build: int,
        register_address: int,
        memory_address: int = ADDRESS_WIDTH,
        timeout: int = 1 << 16,
        reset_cycles: int = 16,
    ):
        self._receiver = UartReceiver(clock=clock, baud=baud)
        self._transmitter = UartTransmitter(clock=clock, baud=baud)
        self._link = HostLink(
            build=build,
            register_address=register_address,
            memory_address=memory_address,
            timeout=timeout,
            reset_cycles=reset_cycles,
        )
        members = self._link.signature.members
        shared = ("registers", "memory", "design_reset", "bad_frame")
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "framing_error": Out(1),
                "line_break": Out(1),
                **{name: members[name] for name in shared},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = self._receiver
        m.submodules.transmitter = transmitter = self._transmitter
        m.submodules.link = link = self._link
        wiring.connect(m, receiver.o, link.rx)
        wiring.connect(m, link.tx, transmitter.i)
        wiring.connect(m, link.registers, wiring.flipped(self.registers))
        wiring.connect(m, link.memory, wiring.flipped(self.memory))
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            self.framing_error.eq(receiver.framing_error),
            self.line_break.eq(receiver.line_break),
            self.design_reset.eq(link.design_reset),
            self.bad_frame.eq(link.bad_frame),
        ]
        return m
