# SPDX-License-Identifier: Apache-2.0
"""Frame receiver: what came whole is kept until it is taken; all else is lost, and said to be."""

import zlib
from random import Random
from typing import Any

import pytest

from streamhw.peripherals.host_link.frame_receiver import HEAD, FrameReceiver
from streamhw.peripherals.host_link.protocol import LONGEST_CONTENT
from tests.clocked import run_clocked


def checked(content: bytes) -> bytes:
    return content + zlib.crc32(content).to_bytes(4, "little")


class Sender:
    """Beats of a decoder into a receiver, one every two cycles."""

    def __init__(self, ctx: Any, dut: FrameReceiver):
        self.ctx, self.dut = ctx, dut
        self.bad = 0

    async def beat(self, **fields: int) -> None:
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.i.p, {"byte": 0, "end": 0, "broken": 0} | fields)
        for valid in (1, 0):
            ctx.set(dut.i.valid, valid)
            await ctx.tick()
            self.bad += ctx.get(dut.bad)

    async def frame(self, content: bytes, *, broken: bool = False) -> None:
        for byte in content:
            await self.beat(byte=byte)
        await self.beat(end=1, broken=int(broken))

    async def taken(self) -> bytes:
        """The content of the kept frame, read out of the memory."""
        ctx, dut = self.ctx, self.dut
        assert ctx.get(dut.frame.valid)
        found = bytearray()
        for n in range(ctx.get(dut.frame.p.length)):
            ctx.set(dut.address, n)
            await ctx.tick()
            found.append(ctx.get(dut.byte))
        head = bytes(ctx.get(dut.frame.p.head[n]) for n in range(HEAD))
        assert head[: len(found)] == found[:HEAD]
        assert ctx.get(dut.frame.p.crc) == int.from_bytes(found[-4:], "little")
        ctx.set(dut.frame.ready, 1)
        await ctx.tick()
        ctx.set(dut.frame.ready, 0)
        assert not ctx.get(dut.frame.valid)
        return bytes(found)


@pytest.mark.parametrize("length", [3, 20, LONGEST_CONTENT - 4])
def test_whole_frames(length: int) -> None:
    rng = Random(length)
    dut = FrameReceiver()

    async def bench(ctx):
        sender = Sender(ctx, dut)
        for _ in range(2):
            content = checked(rng.randbytes(length))
            await sender.frame(content)
            assert await sender.taken() == content
        assert sender.bad == 0

    run_clocked(dut, bench)


def test_what_is_not_whole_is_lost() -> None:
    """And the next frame is not."""
    good = checked(b"abcdef")
    flipped = bytes([good[0] ^ 4]) + good[1:]
    bad = [
        {"content": flipped},
        {"content": good[:-1]},
        {"content": good, "broken": True},
        {"content": checked(b"ab")},
        {"content": checked(bytes(LONGEST_CONTENT - 3))},
    ]
    dut = FrameReceiver()

    async def bench(ctx):
        sender = Sender(ctx, dut)
        for n, what in enumerate(bad, 1):
            await sender.frame(**what)
            assert sender.bad == n and not ctx.get(dut.frame.valid), f"frame {n}"
            await sender.frame(b"")  # a delimiter alone is no frame
            await sender.frame(good)
            assert await sender.taken() == good
        assert sender.bad == len(bad)

    run_clocked(dut, bench)


def test_one_frame_is_kept_and_others_do_not_change_it() -> None:
    """Nor is one taken whose first bytes came before the kept one went."""
    first, second = checked(b"first one"), checked(b"second")
    dut = FrameReceiver()

    async def bench(ctx):
        sender = Sender(ctx, dut)
        await sender.frame(first)
        await sender.frame(second)
        assert sender.bad == 1
        for byte in second[:3]:
            await sender.beat(byte=byte)
        assert await sender.taken() == first
        await sender.frame(second[3:])
        assert sender.bad == 2 and not ctx.get(dut.frame.valid)
        await sender.frame(second)
        assert await sender.taken() == second

    run_clocked(dut, bench)
