# SPDX-License-Identifier: Apache-2.0
"""Which requests can be executed: each length of a frame, and fields at the borders."""

import struct

import pytest

from streamhw.peripherals.host_link import protocol
from streamhw.peripherals.host_link.protocol import Opcode
from streamhw.peripherals.host_link.request_check import FIELDS, RequestCheck
from tests.clocked import run_clocked

REGISTERS, MEMORY = 8, 22  # bits of addresses

Request = tuple[int, bytes]
"""Opcode, and what is behind the header but for the CRC."""


def verdicts(requests: list[Request]) -> list[tuple[bool, bool, int]]:
    """Known, legal, bytes of each."""
    dut = RequestCheck(register_address=REGISTERS, memory_address=MEMORY)
    found = []

    async def bench(ctx):
        for opcode, body in requests:
            content = protocol.REQUEST_HEADER.pack(opcode, 0xABCD) + body
            for n in range(len(dut.frame.head)):
                ctx.set(dut.frame.head[n], content[n] if n < len(content) else 0xEE)
            ctx.set(dut.frame.length, len(content) + protocol.CRC_BYTES)
            await ctx.tick().repeat(2)
            found.append(tuple(ctx.get(x) for x in (dut.known, dut.legal, dut.bytes)))

    run_clocked(dut, bench)
    return [(bool(known), bool(legal), size) for known, legal, size in found]


def test_lengths_of_frames() -> None:
    """A byte more or less is illegal; a write needs some bytes."""
    requests = [(opcode, bytes(size)) for opcode in Opcode for size in range(30)]
    for (opcode, body), (known, legal, _) in zip(requests, verdicts(requests), strict=True):
        size = FIELDS[Opcode(opcode)]
        if opcode in (Opcode.READ_MEMORY, Opcode.CRC_MEMORY):
            wanted = False  # of 0 bytes
        elif opcode is Opcode.WRITE_MEMORY:
            wanted = len(body) - size == 16
        else:
            wanted = len(body) == size
        assert (known, legal) == (True, wanted), (Opcode(opcode).name, len(body))


def test_unknown_opcodes() -> None:
    requests = [(n, b"") for n in range(256) if n not in list(Opcode)]
    assert not any(known for known, _, _ in verdicts(requests))


@pytest.mark.parametrize("opcode", [Opcode.READ_REGISTER, Opcode.WRITE_REGISTER])
def test_addresses_of_registers(opcode: Opcode) -> None:
    body = bytes(4) if opcode is Opcode.WRITE_REGISTER else b""
    legal = {0: True, 4: True, 0xFC: True, 1: False, 2: False, 0x100: False, 1 << 31: False}
    requests = [(opcode, struct.pack("<I", address) + body) for address in legal]
    assert [found for _, found, _ in verdicts(requests)] == list(legal.values())


def ranges(limit: int) -> list[tuple[int, int, bool]]:
    """Address, bytes, whether they are legal."""
    end = 1 << MEMORY
    return [
        (0, 16, True),
        (16, limit, True),
        (end - limit, limit, True),
        (end - 16, 16, True),
        (0, limit + 16, False),
        (0, 0, False),
        (0, 8, False),
        (0, 17, False),
        (8, 16, False),
        (end, 16, False),
        (end - 16, 32, False),
        (end - limit + 16, limit, False),
        (1 << 63, 16, False),
    ]


@pytest.mark.parametrize(
    ("opcode", "limit", "length"),
    [
        (Opcode.READ_MEMORY, protocol.PAYLOAD_LIMIT, "<H"),
        (Opcode.CRC_MEMORY, protocol.CRC_LIMIT, "<I"),
        (Opcode.WRITE_MEMORY, protocol.PAYLOAD_LIMIT, None),
    ],
)
def test_ranges_of_memory(opcode: Opcode, limit: int, length: str | None) -> None:
    cases = [
        case
        for case in ranges(limit)
        # a frame holds no payload that is longer
        if length or case[1] <= limit
    ]
    requests = [
        (opcode, struct.pack("<Q", at) + (struct.pack(length, size) if length else bytes(size)))
        for at, size, _ in cases
    ]
    for case, (_, legal, size) in zip(cases, verdicts(requests), strict=True):
        assert (legal, size) == (case[2], case[1]), f"{case[0]:#x}, {case[1]} bytes"
