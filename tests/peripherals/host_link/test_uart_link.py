# SPDX-License-Identifier: Apache-2.0
"""The whole link through its pins, with the host's own code at the other end of a bad line."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from streamhw.peripherals.host_link.uart_link import UartLink
from streamhw.runtime.manifest import Manifest, MemoryMap
from streamhw.runtime.serial.device import SerialDevice
from streamhw.runtime.serial.link import SerialLink
from tests.peripherals.host_link.random_scripts import play
from tests.peripherals.host_link.simulated_board import (
    CYCLE,
    Noise,
    SimulatedBoard,
    compile_board,
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_board(tmp_path_factory.mktemp("board"))


@pytest.mark.parametrize("seed", range(40))
def test_random_scripts(library: Path, seed: int) -> None:
    """Each request is executed once or its failure is told; no wrong value; never a hang."""
    assert play(seed, library)["done"] >= 1


@pytest.mark.slow
def test_a_thousand_random_scripts(library: Path) -> None:
    results: Counter[str] = Counter()
    for seed in range(1000):
        print(f"seed {seed}")
        results += play(seed, library)
    assert results["done"] > 4000 and results["not done"] > 1000 and results["died"] > 500


def test_both_simulators_agree(library: Path) -> None:
    """So that what compiled scripts find is true of the component."""
    seen = []
    for board in (SimulatedBoard(5), SimulatedBoard(5, library=library)):
        link = SerialLink(board, timeout=1500 * CYCLE, sequence=1)
        link.write_memory(32, bytes(range(48)))
        value, crc = link.read_register(8), link.crc_memory(0, 96)
        seen.append((board.cycle, value, crc, bytes(board.memory.content), link.statistics))
    assert seen[0] == seen[1]


def test_a_device_loads_its_image(library: Path) -> None:
    """Over a line that loses bytes, and what is there already is not sent again."""
    board = SimulatedBoard(7, noise=Noise(lost=0.0005, flipped=0.0005), library=library)
    manifest = Manifest(
        board="b",
        context=16,
        vocabulary=100,
        token_batch=1,
        digest="0123456789abcdef",
        memory=MemoryMap(bytes=2048),
        ports=(),
    )
    device = SerialDevice(manifest, SerialLink(board, timeout=5000 * CYCLE, sequence=9), base=512)
    image = Random(7).randbytes(1033)
    before = bytes(board.memory.content)
    assert device.load(image) == 1040
    assert board.memory.content == before[:512] + image + before[512 + 1033 :]
    assert device.load(image) == 0


def test_framing_errors_are_told() -> None:
    board = SimulatedBoard(1)
    found = []

    async def watch(ctx):
        while True:
            await ctx.tick()
            if ctx.get(board.link.framing_error):
                found.append(ctx.get(board.link.line_break))

    board.watch(watch)
    link = SerialLink(board, timeout=1500 * CYCLE, sequence=3)
    board.send_bits([1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1])  # a byte with stop bit 0
    board.send_bits([0] * 30 + [1] * 3)
    assert found == [0, 1]
    assert link.open().build == link.identity.build


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^UART bit must have at least 4 clock cycles"):
        UartLink(clock=3e6, baud=1e6, build=0, register_address=8)
