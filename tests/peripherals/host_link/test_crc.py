# SPDX-License-Identifier: Apache-2.0
"""CRC-32: that of zlib, and behind every frame."""

import zlib
from random import Random

import pytest

from streamhw.peripherals.host_link.crc import CrcAppender, crc32
from streamhw.testing import run_streams
from tests.clocked import run_clocked


def test_crc_of_bytes() -> None:
    crc = crc32()
    data = Random(5).randbytes(40)

    async def bench(ctx):
        ctx.set(crc.start, 1)
        await ctx.tick()
        ctx.set(crc.start, 0)
        ctx.set(crc.valid, 1)
        for n, byte in enumerate(data):
            ctx.set(crc.data, byte)
            await ctx.tick()
            assert ctx.get(crc.crc) == zlib.crc32(data[: n + 1])

    run_clocked(crc, bench)


@pytest.mark.parametrize(("source", "sink"), [("always", "always"), ("seldom", "bursts")])
def test_frames_with_their_crc(source: str, sink: str) -> None:
    rng = Random(6)
    frames = [rng.randbytes(length) for length in (1, 2, 30)]
    beats = [b | (n == len(f) - 1) << 8 for f in frames for n, b in enumerate(f)]
    checked = [f + zlib.crc32(f).to_bytes(4, "little") for f in frames]
    wanted = [b | (n == len(f) - 1) << 8 for f in checked for n, b in enumerate(f)]
    run = run_streams(
        CrcAppender(), inputs={"i": beats}, outputs={"o": len(wanted)}, source=source, sink=sink
    )
    assert run.beats["o"] == wanted
