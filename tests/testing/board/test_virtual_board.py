# SPDX-License-Identifier: Apache-2.0
"""The simulated board itself: time, faults of line and host, memory. What is on it has its tests in
``tests/bitstream/test_board_core.py``."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from streamhw.peripherals.host_link.protocol import REQUEST_HEADER, Opcode
from streamhw.runtime.serial.framing import FrameReader, frame
from streamhw.testing.board.library import CompiledBoard
from streamhw.testing.board.virtual_board import LineNoise, VirtualBoard
from streamhw.testing.sdram import SdramRuleError

PING = frame(REQUEST_HEADER.pack(Opcode.PING, 5))
BIT = 5  # cycles, as of ``small_board``


@pytest.fixture
def board(small_board: CompiledBoard) -> Iterator[VirtualBoard]:
    with VirtualBoard(small_board, seed=1) as board:
        assert board.run_test(1 << 15)
        yield board


def answer(board: VirtualBoard, cycles: int = 2000) -> list[bytes]:
    """What comes within so many cycles."""
    end = board.cycles + cycles
    reader, found = FrameReader(), []
    while board.cycles < end:
        found += reader.take(board.read(1e-6))
    return found


def test_bytes_take_their_time(board: VirtualBoard, small_board: CompiledBoard) -> None:
    begin = board.cycles
    board.write(PING)
    assert board.cycles - begin == pytest.approx(10 * BIT * len(PING), abs=2)
    begin = board.cycles
    assert board.read(1.0)[:1] == b"\0"  # as soon as it is there
    assert board.cycles - begin < 40 * BIT
    assert len(answer(board)) == 1
    begin, seconds = board.cycles, board.seconds()
    assert board.read(1e-5) == b""
    assert board.cycles - begin == round(1e-5 * small_board.board.clock_mhz * 1e6)
    assert board.seconds() - seconds == pytest.approx(1e-5)


def test_the_line_loses_and_changes_bytes(board: VirtualBoard) -> None:
    for noise in (LineNoise(lost=1), LineNoise(flipped=1)):
        board.noise = noise
        board.write(PING)
        assert answer(board) == []
    board.noise = LineNoise()
    board.write(PING)
    assert len(answer(board)) == 1


def test_a_frame_that_is_lost(board: VirtualBoard) -> None:
    """As the fifth lamp shows."""
    board.write(PING)
    assert board.lost == 0
    board.write(PING[:-4] + bytes([PING[-4] ^ 1]) + PING[-3:])
    assert len(answer(board)) == 1
    assert board.lost == 1


def test_a_host_dies(board: VirtualBoard) -> None:
    board.alive = len(PING) + 3
    board.write(PING)
    begin = board.cycles
    with pytest.raises(ConnectionError, match="the host died"):
        board.write(PING)
    assert board.cycles - begin == pytest.approx(10 * BIT * 3, abs=2)
    with pytest.raises(ConnectionError, match="the host died"):
        board.write(b"\0")
    board.alive = None
    board.write(PING)


def test_a_reset_in_time(board: VirtualBoard) -> None:
    board.reset_in = 100
    board.run(99)
    assert board.lamps.ready and board.reset_in == 1
    board.run(20)
    assert board.reset_in is None and not board.lamps.ready
    assert not board.run_test(1000)
    assert board.run_test(1 << 15) and board.lamps.ready


def test_memory_behind_the_controller(board: VirtualBoard) -> None:
    last = (32 << 20) - 4
    board.write_memory(last, b"abcd")
    assert board.read_memory(last - 4, 8)[4:] == b"abcd"
    for address, size in ((1, 2), (0, 3), (last, 6), (-2, 2)):
        with pytest.raises(ValueError, match="Memory range must be even and within 0x2000000 "):
            board.read_memory(address, size)


def test_a_chip_that_is_slower_than_its_controller_believes(small_board: CompiledBoard) -> None:
    parts = small_board.board.parts
    assert parts is not None
    slow = replace(parts, sdram=replace(parts.sdram, t_rcd=40.0))
    compiled = replace(small_board, board=replace(small_board.board, parts=slow))
    with (
        VirtualBoard(compiled) as board,
        pytest.raises(SdramRuleError, match=r"^edge \d+: tRCD$"),
    ):
        board.run_test(1 << 15)


def test_words_that_come_later_than_its_controller_believes(small_board: CompiledBoard) -> None:
    parts = small_board.board.parts
    assert parts is not None
    late = replace(small_board.board, parts=replace(parts, read_delay=4))
    with VirtualBoard(replace(small_board, board=late)) as board:
        assert board.run_test(1 << 15) and board.lamps.failed


def test_shares_of_noise() -> None:
    with pytest.raises(ValueError, match="Share of lost bytes"):
        LineNoise(lost=1.5)
    with pytest.raises(ValueError, match="Share of flipped bytes"):
        LineNoise(flipped=-1)
