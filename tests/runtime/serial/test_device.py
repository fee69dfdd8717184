# SPDX-License-Identifier: Apache-2.0
"""The device behind a serial link: loading, any range of memory, and the driver as it is."""

from random import Random
from typing import Any

import pytest

from streamhw.errors import DeviceError, InternalError
from streamhw.runtime.device import Device
from streamhw.runtime.driver import generate
from streamhw.runtime.manifest import Manifest, MemoryMap
from streamhw.runtime.recovery import recover
from streamhw.runtime.serial.device import BLOCK, SerialDevice
from streamhw.runtime.serial.link import SerialLink
from streamhw.stream.axi import register_map as registers
from tests.runtime.serial.scripted_link import ScriptedLink

BASE = 0x1000
MANIFEST = Manifest(
    board="b",
    context=16,
    vocabulary=100,
    token_batch=1,
    digest="0123456789abcdef",
    memory=MemoryMap(bytes=5 * BLOCK),
    ports=(),
)


def opened(**options: Any) -> tuple[ScriptedLink, SerialDevice]:
    board = ScriptedLink()
    device = SerialDevice(MANIFEST, SerialLink(board), base=BASE, **options)
    return board, device


def test_loading_sends_what_is_not_there() -> None:
    board, device = opened()
    image = Random(1).randbytes(3 * BLOCK + 100)
    told: list[tuple[int, int]] = []
    behind = board.memory[BASE + len(image) + 1] = 77
    assert device.load(image, lambda done, total: told.append((done, total))) == 3 * BLOCK + 112
    assert board.memory[BASE : BASE + len(image)] == image
    assert told == [(n * BLOCK, len(image)) for n in (1, 2, 3)] + [(len(image), len(image))]
    assert device.load(image) == 0
    board.memory[BASE + BLOCK + 5] ^= 1
    assert device.load(image) == BLOCK
    assert board.memory[BASE : BASE + len(image)] == image
    assert board.memory[BASE + len(image) + 1] == behind
    assert device.load(b"") == 0


def test_memory_that_does_not_hold_is_told() -> None:
    class Deaf(ScriptedLink):
        def _done(self, content: bytes) -> tuple[int, bytes]:
            return (0, b"") if content[0] == 5 else super()._done(content)

    device = SerialDevice(MANIFEST, SerialLink(Deaf()))
    told = r"^Memory must hold what was written to 0x0, but does not$"
    with pytest.raises(DeviceError, match=told):
        device.load(b"abc")


@pytest.mark.parametrize("seed", range(3))
def test_any_range_of_memory(seed: int) -> None:
    rng = Random(seed)
    board, device = opened()
    board.memory[:] = rng.randbytes(len(board.memory))
    wanted = bytearray(board.memory)
    total = MANIFEST.memory.bytes
    ranges = [(0, 0), (5, 0), (0, total), (total - 1, 1), (3, 2), (15, 2)]
    ranges += [(rng.randrange(2000), rng.randrange(700)) for _ in range(20)]
    for offset, size in ranges:
        assert device.read_memory(offset, size) == wanted[BASE + offset : BASE + offset + size]
        content = rng.randbytes(size)
        device.write_memory(offset, content)
        wanted[BASE + offset : BASE + offset + size] = content
        assert board.memory == wanted


def design(board: ScriptedLink, tokens: list[int]) -> None:
    """Registers of a design that gives a token at every third look at STATUS."""
    board.registers[registers.ID] = registers.ID_VALUE
    board.registers[registers.BUILD] = MANIFEST.build
    board.registers[registers.STATUS] = registers.STATUS_IDLE
    looks = 0

    def look(address: int) -> None:
        nonlocal looks
        if address != registers.STATUS:
            return
        told = board.registers.get(registers.CONTROL, 0)
        if told & registers.CONTROL_START:
            board.registers[registers.CONTROL] = 0
            board.registers[registers.STATUS] = registers.STATUS_BUSY
            board.registers[registers.COUNT] = board.registers[registers.PROMPT_LENGTH]
            return
        if told & registers.CONTROL_ABORT:
            board.registers[registers.CONTROL] = 0
            board.registers[registers.STATUS] = registers.STATUS_ABORTED | registers.STATUS_IDLE
            return
        looks += 1
        if board.registers[registers.STATUS] & registers.STATUS_BUSY and looks % 3 == 0:
            count = board.registers[registers.COUNT]
            at = count - board.registers[registers.PROMPT_LENGTH]
            board.registers[MANIFEST.window + 4 * count] = tokens[at]
            board.registers[registers.COUNT] = count + 1
            board.registers[registers.CYCLES_LO] = 1000 * (at + 1)
            if count + 1 == board.registers[registers.TOTAL_LENGTH]:
                done = registers.STATUS_DONE | registers.STATUS_IDLE
                board.registers[registers.STATUS] = done

    board.before_read = look


def test_the_driver_works_as_it_is() -> None:
    board, serial = opened()
    device: Device = serial
    design(board, [41, 42, 43])
    answer = generate(device, [7, 8], count=3)
    assert [token.token for token in answer] == [41, 42, 43]
    assert answer.cycles == 3000
    assert board.registers[registers.BASE_LO] == BASE
    assert device.traffic() == {}
    recover(device)
    assert device.wait(5).stopped


def test_waiting_ends() -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1
        return now

    board, device = opened(patience=10, clock=clock)
    board.registers[registers.STATUS] = registers.STATUS_BUSY
    board.registers[registers.COUNT] = 4
    told = r"^Design has no token after 10 s with 4 tokens in the window$"
    with pytest.raises(InternalError, match=told):
        device.wait(4)
    assert now < 15
    assert device.wait(3).count == 4


def test_errors() -> None:
    board, device = opened()
    link = SerialLink(board)
    with pytest.raises(ValueError, match=r"^SerialDevice base must be a multiple of 16, not 0x8$"):
        SerialDevice(MANIFEST, link, base=8)
    with pytest.raises(ValueError, match=r"^SerialDevice patience must be above 0 s, not 0$"):
        SerialDevice(MANIFEST, link, patience=0)
    for call in (lambda: device.read_memory(5 * BLOCK, 1), lambda: device.load(bytes(6 * BLOCK))):
        with pytest.raises(ValueError, match=r"^Memory range must be within 0x5000 bytes"):
            call()
