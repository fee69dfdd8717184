# SPDX-License-Identifier: Apache-2.0
"""The memory of tokens that host and machine share."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["TokenWindow"]


class TokenWindow(wiring.Component):
    """A word for each token, which both sides read and write.

    Parameters  context: words, at least 2; token_width: bits of a token, 1 to 32
    Members     read_addr, read_data: as the machine reads; write_addr, write_data, write_enable: as
                it writes
                host_read_addr, host_read_data: as the host reads
                host_addr, host_data, host_strobe: as it writes, bytes of which the strobe is 1; not
                in a cycle in which the machine does
    Timing      what is read comes 1 cycle later, and is as before a write of the same cycle
    Buffers     a memory of ``context`` words of whole bytes with two read ports
    """

    def __init__(self, *, context: int, token_width: int):
        self._context, self._token_width = context, token_width
        super().__init__(
            {
                "read_addr": In(range(context)),
                "read_data": Out(token_width),
                "write_addr": In(range(context)),
                "write_data": In(token_width),
                "write_enable": In(1),
                "host_read_addr": In(range(context)),
                "host_read_data": Out(32),
                "host_addr": In(range(context)),
                "host_data": In(token_width),
                "host_strobe": In(4),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        size = -(-self._token_width // 8)  # bytes of a stored token
        m.submodules.memory = memory = Memory(shape=8 * size, depth=self._context, init=[])
        write = memory.write_port(granularity=8)
        machine, host = memory.read_port(), memory.read_port()
        m.d.comb += [
            machine.addr.eq(self.read_addr),
            self.read_data.eq(machine.data),
            host.addr.eq(self.host_read_addr),
            self.host_read_data.eq(host.data),
        ]
        with m.If(self.write_enable):
            m.d.comb += [
                write.addr.eq(self.write_addr),
                write.data.eq(self.write_data),
                write.en.eq(~0),
            ]
        with m.Else():
            m.d.comb += [
                write.addr.eq(self.host_addr),
                write.data.eq(self.host_data),
                write.en.eq(self.host_strobe),
            ]
        return m
