# SPDX-License-Identifier: Apache-2.0
"""Lets a host read and write registers and memory of a design, and reset it, through bytes."""

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...stream.axi.signature import ADDRESS_WIDTH, axi4, axi4_lite
from .cobs_decoder import CobsDecoder
from .command_processor import CommandProcessor
from .frame_receiver import FrameReceiver
from .frame_sender import FrameSender
from .memory_access import MemoryAccess
from .protocol import BEAT
from .register_access import RegisterAccess

__all__ = ["HostLink"]


class HostLink(wiring.Component):
    """The protocol of ``streamhw.peripherals.host_link.protocol`` behind a line of any kind::

        rx --> decoder --> receiver --> processor --> registers --> s_axil of a design
        tx <-- sender <------------------'      '---> memory    --> AXI4

    A request is executed once, and only if its CRC is right. Requests that come again get the
    answer that was kept. Whatever comes or does not come, from the line or from a bus, the link
    takes the next request after the next delimiter and at most ``timeout`` cycles.

    Parameters
    ----------
    build: 32 bits that PING tells; the register BUILD of the design
    register_address: bits of a byte address of registers, 3 to 32
    memory_address: bits of a byte address in memory, 9 to 64
    timeout: cycles in which a bus must do something, at least 2
    reset_cycles: of ``design_reset``, at least 1

    Members
    -------
    rx, tx: streams of bytes
    registers: AXI4-Lite master of 32 bits
    memory: AXI4 master of 128 bits: single bursts of ID 0, at most 16 beats, within 256 bytes
    design_reset: Out(1), a register: reset of the design, and of the link's side of ``registers``
    bad_frame: 1 for a cycle when a frame is lost

    Timing: one request at a time; ``rx`` takes a byte every 2 cycles at any time.
    Stalls: ``tx`` may stall for ever: the next request waits until the answer before is sent.
    Raises: ``ValueError`` if a parameter is out of its range.
    """

    def __init__(
        self,
        *,
        build: int,
        register_address: int,
        memory_address: int = ADDRESS_WIDTH,
        timeout: int = 1 << 16,
        reset_cycles: int = 16,
    ):
        self._registers = RegisterAccess(address=register_address)
        self._memory = MemoryAccess(address=memory_address)
        self._processor = CommandProcessor(
            build=build,
            register_address=register_address,
            memory_address=memory_address,
            timeout=timeout,
            reset_cycles=reset_cycles,
        )
        super().__init__(
            {
                "rx": In(stream.Signature(8)),
                "tx": Out(stream.Signature(8)),
                "registers": Out(axi4_lite(address=register_address)),
                "memory": Out(axi4(width=8 * BEAT, address=memory_address)),
                "design_reset": Out(1),
                "bad_frame": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.decoder = decoder = CobsDecoder()
        m.submodules.receiver = receiver = FrameReceiver()
        m.submodules.processor = processor = self._processor
        m.submodules.sender = sender = FrameSender()
        # A design in reset forgets the access that it was to answer.
        m.submodules.registers = ResetInserter(processor.design_reset)(self._registers)
        m.submodules.memory = self._memory
        wiring.connect(m, wiring.flipped(self.rx), decoder.i)
        wiring.connect(m, decoder.o, receiver.i)
        wiring.connect(m, receiver.frame, processor.frame)
        wiring.connect(m, processor.answer, sender.answer)
        wiring.connect(m, sender.o, wiring.flipped(self.tx))
        wiring.connect(m, processor.registers, self._registers.port)
        wiring.connect(m, processor.memory, self._memory.port)
        wiring.connect(m, self._registers.bus, wiring.flipped(self.registers))
        wiring.connect(m, self._memory.bus, wiring.flipped(self.memory))
        m.d.comb += [
            receiver.address.eq(processor.address),
            processor.byte.eq(receiver.byte),
            self.design_reset.eq(processor.design_reset),
            self.bad_frame.eq(receiver.bad),
        ]
        return m
