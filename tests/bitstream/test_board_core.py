# SPDX-License-Identifier: Apache-2.0
"""A design with its peripherals, from the pins of the line to those of the memory chip."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from streamhw.api.build import Build
from streamhw.api.on_board import BoardAnswer
from streamhw.bitstream.board_core import BoardCore, parts_of
from streamhw.boards.base import load_board
from streamhw.errors import DeviceError, UserError
from streamhw.runtime.serial.link import LinkError, SerialLink
from streamhw.testing.board.library import CompiledBoard, compile_board
from streamhw.testing.board.virtual_board import BoardLamps, LineNoise, VirtualBoard
from tests.bitstream.hosts import BLOCK, Host, random_script

DARK = BoardLamps(ready=False, failed=False, busy=False, done=False)


@pytest.fixture(scope="module")
def host(small: Build) -> Host:
    return Host(small)


@pytest.fixture
def board(small_board: CompiledBoard, host: Host) -> Iterator[VirtualBoard]:
    """After its memory test, with the image."""
    with VirtualBoard(small_board, seed=1) as board:
        assert board.run_test(1 << 15)
        host.place(board)
        yield board


def test_boards_without_parts() -> None:
    with pytest.raises(UserError, match=r"Board sim must have parts \(pins, memory chip, line to"):
        parts_of(load_board("sim"))


@pytest.mark.parametrize("widths", [(), (64,), (128, 128)])
def test_designs_of_other_ports(small: Build, widths: tuple[int, ...]) -> None:
    manifest = small.manifest
    ports = tuple(replace(manifest.ports[0], data_width=width) for width in widths)
    with pytest.raises(ValueError, match="must have one memory port of 128 bits, not"):
        BoardCore(replace(manifest, ports=ports), small.board)


def test_the_image_comes_by_the_line_once(board: VirtualBoard, host: Host) -> None:
    for block in (1, 5):
        board.write_memory(block * BLOCK, bytes(range(256)))
    assert board.lamps == replace(DARK, ready=True)
    first = host.ask(board)
    assert first.sent == 2 * BLOCK and first.link.repeats == 0
    assert board.read_memory(0, len(host.image)) == host.image
    assert board.lamps == replace(DARK, ready=True, done=True)
    assert first.write_bytes > 0 and first.read_bytes > len(host.image)
    second = host.ask(board, (7,), 3)
    assert second.sent == 0
    assert second.link.sent_bytes < BLOCK


def test_memory_that_changes_between_answers_is_mended(board: VirtualBoard, host: Host) -> None:
    """What the design holds of it, for an answer that was to come, is not used."""
    host.ask(board)
    board.write_memory(host.built.manifest.memory.region("body").offset, bytes(BLOCK))
    assert host.ask(board).sent == BLOCK


def test_nobody_is_heard_until_the_memory_is_tested(small: Build, board: VirtualBoard) -> None:
    board.reset()
    cycle = 1 / (small.board.clock_mhz * 1e6)
    with pytest.raises(LinkError, match="must answer a PING within 3 tries"):
        SerialLink(board, timeout=1000 * cycle, tries=3)
    assert board.lamps == DARK
    assert board.run_test(1 << 15)
    assert SerialLink(board, timeout=1000 * cycle).identity.build == small.manifest.build


@pytest.mark.parametrize("level", [0, 1])
def test_a_pin_of_memory_that_is_stuck(small_board: CompiledBoard, host: Host, level: int) -> None:
    with VirtualBoard(small_board) as board:
        board.stick(1 << 9, level << 9)
        assert board.run_test(1 << 15)
        assert board.lamps == replace(DARK, failed=True)
        sentence = "Board must answer on its serial line, but says nothing"
        with pytest.raises(DeviceError, match=sentence) as raised:
            host.ask(board)
        assert "second says that its memory failed the test" in str(raised.value.hint)
        board.stick(0, 0)
        board.reset()
        assert board.run_test(1 << 15) and board.lamps == replace(DARK, ready=True)


def test_an_answer_over_a_bad_line(board: VirtualBoard, host: Host) -> None:
    board.noise = LineNoise(lost=1e-3, flipped=1e-3)
    answer = host.ask(board)
    assert answer.link.repeats > 0


def test_a_line_that_is_too_bad(board: VirtualBoard, host: Host) -> None:
    board.noise = LineNoise(flipped=0.2)
    with pytest.raises(DeviceError, match="must answer on its serial line, but says nothing"):
        host.ask(board)
    board.noise = LineNoise()
    host.ask(board)


@pytest.mark.parametrize("sent", [500, 3000])
def test_a_host_that_dies_while_it_loads(board: VirtualBoard, host: Host, sent: int) -> None:
    board.write_memory(BLOCK, bytes(BLOCK))
    board.alive = sent
    with pytest.raises(ConnectionError, match="the host died"):
        host.ask(board)
    board.alive = None
    assert host.ask(board).sent == BLOCK


def test_a_host_that_dies_in_the_middle_of_an_answer(board: VirtualBoard, host: Host) -> None:
    def die(answer: BoardAnswer) -> None:
        board.alive = 5

    with pytest.raises(ConnectionError, match="the host died"):
        host.ask(board, (1, 2, 3), 8, on_token=die)
    assert board.lamps.busy
    board.alive = None
    host.ask(board, (4, 5))


def test_a_reset_while_the_image_is_loaded(board: VirtualBoard, host: Host) -> None:
    board.write_memory(BLOCK, bytes(BLOCK))
    board.reset_in = 60_000
    with pytest.raises(LinkError, match="answered CLOSED"):
        host.ask(board)
    # The memory test has written over the first block.
    assert host.ask(board).sent == 2 * BLOCK


def test_a_reset_in_the_middle_of_an_answer(board: VirtualBoard, host: Host) -> None:
    def reset(answer: BoardAnswer) -> None:
        if len(answer.tokens) == 2:
            board.reset()

    with pytest.raises(LinkError, match="answered CLOSED"):
        host.ask(board, (1, 2, 3), 8, on_token=reset)
    assert host.ask(board, (4, 5)).sent == BLOCK


@pytest.mark.slow
def test_the_baud_of_the_board(small: Build, host: Host) -> None:
    """A bit is no whole number of cycles."""
    compiled = compile_board(small.manifest, small.verilog, small.board, tested=4096)
    with VirtualBoard(compiled) as board:
        assert board.run_test(1 << 15)
        board.write_memory(BLOCK, host.image[BLOCK:])
        answer = host.ask(board)
        assert (answer.sent, answer.link.repeats, board.lost) == (BLOCK, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24))
def test_random_scripts(
    small_board: CompiledBoard, host: Host, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.randbits", Random(seed).getrandbits)
    with VirtualBoard(small_board, seed=seed) as board:
        assert board.run_test(1 << 15)
        print(random_script(seed, board, host))
