# SPDX-License-Identifier: Apache-2.0
"""A memory system's answers are plain data, whatever class gave them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from streamhw.boards.base import load_board
from streamhw.boards.memory.constant import ConstantChannel
from streamhw.boards.memory.cpp_channel import CppChannel
from streamhw.boards.memory.dram import Dram
from streamhw.boards.memory.hbm2 import Hbm2
from streamhw.boards.memory.ideal import IDEAL
from streamhw.boards.memory.port import MemoryPort
from streamhw.boards.memory.recorded import RecordedMemory, recorded
from streamhw.boards.memory.times import MemoryTimes
from streamhw.compiler.ir.level_codec import dumps, loads
from streamhw.errors import InternalError, UserError
from streamhw.frozen_map import FrozenMap

PORT = load_board("sim").ports[0]


class Own:
    """No dataclass, and numbers that are no Python floats."""

    name = "own"

    def __init__(self, times: Any = None, channel: Any = None):
        self._times = times or MemoryTimes(rate=np.float64(0.5))
        self._channel = channel or ConstantChannel(latency=9, bandwidth=Fraction(9, 16))

    def times(self, port: MemoryPort, ports: int, clock_mhz: float) -> MemoryTimes:
        return self._times

    def channel(self, port: MemoryPort, clock_mhz: float) -> ConstantChannel:
        return self._channel


@dataclass(frozen=True, kw_only=True)
class Faster(Hbm2):
    """A class of dynamic memory with a field of its own."""

    name: str = "faster"
    grade: int = 2


def test_what_streamhw_has_stays() -> None:
    for memory in (IDEAL, Hbm2(latency=90.0)):
        assert recorded(memory, PORT, 1, 250.0) is memory


@pytest.mark.parametrize("memory", [Own(), Own(channel=Faster()), Faster()])
def test_answers_are_the_same_and_are_read_back(memory: Any) -> None:
    found = recorded(memory, PORT, 2, 250.0)
    assert isinstance(found, RecordedMemory) and found.name == memory.name
    assert found.times(PORT, 2, 250.0) == memory.times(PORT, 2, 250.0)
    channel, wanted = found.channel(PORT, 250.0), memory.channel(PORT, 250.0)
    assert type(channel) in (ConstantChannel, Dram)
    assert channel.peak(16, 250.0) == wanted.peak(16, 250.0)
    assert channel.latency == wanted.latency
    assert loads(RecordedMemory, dumps(found)) == found
    assert recorded(found, PORT, 2, 250.0) is found


def test_the_header_of_a_package_is_kept() -> None:
    wanted = CppChannel(
        file="own.h",
        source='#include "numbers.h"\n',
        class_name="Own",
        bandwidth=0.5,
        numbers=FrozenMap({"t_rcd": 15_000, "banks": 4}),
    )
    found = recorded(Own(channel=wanted), PORT, 2, 250.0)
    assert loads(RecordedMemory, dumps(found)).channel(PORT, 250.0) == wanted


def test_it_answers_for_its_board_only() -> None:
    found = recorded(Own(), PORT, 2, 250.0)
    with pytest.raises(InternalError, match=r"^Memory own must be asked for 2 ports like"):
        found.times(PORT, 4, 250.0)
    with pytest.raises(InternalError, match=r"at 250 MHz, not for 2 like .* at 100 MHz$"):
        found.channel(PORT, 100.0)


def test_answers_of_another_kind_are_refused() -> None:
    with pytest.raises(UserError, match=r"^Times of memory own must be MemoryTimes, not 0.5$"):
        recorded(Own(times=0.5), PORT, 1, 250.0)
    with pytest.raises(UserError, match=r"^Channel of memory own must be a ConstantChannel, a "):
        recorded(Own(channel="fast"), PORT, 1, 250.0)

    class Broken(Own):
        def times(self, port: MemoryPort, ports: int, clock_mhz: float) -> MemoryTimes:
            raise ZeroDivisionError("no clock")

    with pytest.raises(UserError, match=r"^Memory own must answer for port .*, but: ZeroDivisionE"):
        recorded(Broken(), PORT, 1, 250.0)
