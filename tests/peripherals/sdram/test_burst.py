# SPDX-License-Identifier: Apache-2.0
"""What is made of AR and AW: the beat, and what a burst that cannot be served is answered."""

from typing import Any

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream

from streamhw.peripherals.sdram.burst import burst_layout, burst_of, connect_gated
from streamhw.stream.axi.signature import axi4_read
from tests.clocked import run_clocked

BITS = 21
MEMORY = 1 << BITS + 4


@pytest.mark.parametrize(
    ("address", "size", "kind", "resp"),
    [
        (0, 4, 1, 0),
        (MEMORY - 1, 4, 1, 0),  # within a beat
        (MEMORY, 4, 1, 3),
        (1 << 39, 4, 1, 3),
        (0x40, 3, 1, 2),
        (0x40, 4, 0, 2),  # FIXED
        (0x40, 4, 2, 2),  # WRAP
        (MEMORY, 2, 2, 3),
    ],
)
def test_bursts(address: int, size: int, kind: int, resp: int) -> None:
    m = Module()
    request = axi4_read(width=128).create().ar.p
    burst = Signal(burst_layout(BITS))
    m.d.comb += burst_of(request, burst)

    async def bench(ctx: Any) -> None:
        fields = {"addr": address, "len": 200, "size": size, "burst": kind, "id": 11}
        ctx.set(request, fields)
        assert ctx.get(burst.resp) == resp
        assert ctx.get(burst.address) == address % MEMORY // 16
        assert (ctx.get(burst.left), ctx.get(burst.id)) == (200, 11)

    run_clocked(m, bench)


def test_a_closed_gate_shows_nothing() -> None:
    m, gate = Module(), Signal()
    source, sink = stream.Signature(1).create(), stream.Signature(1).create()
    connect_gated(m, source, sink, gate)

    async def bench(ctx: Any) -> None:
        for valid, ready, is_open in ((1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)):
            ctx.set(source.valid, valid)
            ctx.set(sink.ready, ready)
            ctx.set(gate, is_open)
            assert ctx.get(sink.valid) == (valid & is_open)
            assert ctx.get(source.ready) == (ready & is_open)

    run_clocked(m, bench)
