# SPDX-License-Identifier: Apache-2.0
"""The record of all ports: the first fault, the lowest port of one cycle, and errors by port."""

import pytest

from streamhw.stream.axi.fault_record import FaultRecord
from streamhw.stream.axi.register_map import MemoryFault
from tests.clocked import run_clocked


def test_the_first_is_kept() -> None:
    record = FaultRecord(ports=3)

    async def bench(ctx):
        def kept():
            names = ("fault", "port", "write", "address", "read_errors", "write_errors")
            return tuple(ctx.get(getattr(record, name)) for name in names)

        def tell(sources, port, kind, address):
            ctx.set(sources[port].fault, kind)
            ctx.set(sources[port].address, address)

        await ctx.tick()
        assert kept() == (0, 0, 0, 0, 0, 0)
        tell(record.writes, 1, MemoryFault.DECERR, 0x12_3456_7890)
        tell(record.reads, 2, MemoryFault.LONG, 0x77)
        await ctx.tick()
        await ctx.tick()
        first = (MemoryFault.DECERR, 1, 1, 0x12_3456_7890)
        assert kept() == (*first, 0b100, 0b010)
        tell(record.reads, 0, MemoryFault.SHORT, 0x99)
        await ctx.tick().repeat(2)
        assert kept() == (*first, 0b101, 0b010)
        ctx.set(record.clear, 1)
        for sources in (record.reads, record.writes):
            for port in range(3):
                tell(sources, port, MemoryFault.NONE, 0)
        await ctx.tick()
        ctx.set(record.clear, 0)
        await ctx.tick().repeat(3)
        assert kept()[0] == 0 and kept()[4:] == (0, 0)
        # of one port, reads come before writes
        tell(record.writes, 2, MemoryFault.TIMEOUT, 0x50)
        tell(record.reads, 2, MemoryFault.TIMEOUT, 0x60)
        await ctx.tick().repeat(2)
        assert kept() == (MemoryFault.TIMEOUT, 2, 0, 0x60, 0b100, 0b100)

    run_clocked(record, bench)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^FaultRecord ports must be at least 1, not 0$"):
        FaultRecord(ports=0)
