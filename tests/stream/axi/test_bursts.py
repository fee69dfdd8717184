# SPDX-License-Identifier: Apache-2.0
"""Bursts of a command: whole, aligned, inside 4 KiB, and the last one marked."""

import pytest

from streamhw.stream.axi.bursts import Bursts, longest_burst, part_width
from streamhw.testing import run_streams

WIDTH, ADDRESS = 64, 40


def cut(commands: list[tuple[int, int]], burst: int) -> list[tuple[int, int, int]]:
    """Address, beats and last of each burst that the hardware makes."""
    dut = Bursts(width=WIDTH, burst=burst)
    beats = sum(len(expected(*command, burst)) for command in commands)
    run = run_streams(
        dut,
        inputs={"i": [address | count << ADDRESS for address, count in commands]},
        outputs={"o": beats},
        source="often",
        sink="seldom",
    )
    size = (burst).bit_length()
    return [
        (word & (1 << ADDRESS) - 1, word >> ADDRESS & (1 << size) - 1, word >> ADDRESS + size)
        for word in run.beats["o"]
    ]


def expected(address: int, count: int, burst: int) -> list[tuple[int, int, int]]:
    found, bytes_ = [], WIDTH // 8
    while count:
        room = burst - address // bytes_ % burst
        beats = min(count, room)
        count -= beats
        found.append((address, beats, int(count == 0)))
        address += beats * bytes_
    return found


@pytest.mark.parametrize("burst", [1, 4, 16])
def test_cuts_at_multiples_of_the_burst(burst: int) -> None:
    commands = [(0, 16), (8, 1), (24, 40), (4096 - 16, 5), (800, 3)]
    wanted = [part for command in commands for part in expected(*command, burst)]
    assert cut(commands, burst) == wanted


def test_a_command_of_no_beats_is_dropped() -> None:
    assert cut([(64, 0), (8, 2)], 4) == expected(8, 2, 4)


@pytest.mark.parametrize(("width", "burst", "beats"), [(64, 256, 256), (512, 256, 64), (32, 2, 2)])
def test_no_burst_is_longer_than_a_page(width: int, burst: int, beats: int) -> None:
    assert longest_burst(width, burst) == beats


def test_refuses() -> None:
    with pytest.raises(ValueError, match="burst must be a power of two from 1 to 256, not 3"):
        longest_burst(64, 3)
    with pytest.raises(ValueError, match="must be a power of two that divides 64 bits, not 3"):
        part_width(64, [0, 1, 2])
    assert part_width(512, [0, 1 << 28]) == 256
