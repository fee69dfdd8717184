# SPDX-License-Identifier: Apache-2.0
"""Memory systems: what the performance model and the simulator are told is one set of numbers."""

import dataclasses

import pytest

from streamhw.boards.base import load_board
from streamhw.boards.memory.catalog import MEMORIES
from streamhw.boards.memory.constant import ConstantChannel
from streamhw.boards.memory.hbm2 import Hbm2
from streamhw.boards.memory.ideal import IDEAL
from streamhw.boards.memory.system import MemorySystem

U55C = load_board("u55c")


def test_all_are_systems_and_frozen() -> None:
    for name, system in MEMORIES.items():
        assert isinstance(system, MemorySystem) and system.name == name
        assert hash(system) == hash(dataclasses.replace(system))
    assert U55C.memory == Hbm2() and load_board("sim").memory == IDEAL


def test_ideal_is_what_the_port_says() -> None:
    port = U55C.ports[0]
    times = IDEAL.times(port, 32, 250.0)
    assert (times.rate, times.pause, times.write_wait, times.write_turn) == (0.898, 0, 0, 0)
    channel = IDEAL.channel(port, 250.0)
    assert channel.latency == port.latency and channel.peak(64, 250.0) == pytest.approx(
        64 * 0.898, rel=1e-3
    )


def test_dram_follows_its_own_times() -> None:
    port, hbm = U55C.ports[0], Hbm2()
    times = hbm.times(port, 32, 250.0)
    assert times.rate == pytest.approx(57.5 / 64 * hbm.sustained, rel=1e-3)
    # All channels are read together: one of them is always behind.
    assert times.pause == pytest.approx(hbm.pause / 4) and hbm.wait(1) < hbm.wait(32)
    assert hbm.channel(port, 250.0).latency == 256.0  # 64 cycles of the port are longer
    assert dataclasses.replace(hbm, t_rfc=0.0).times(port, 32, 250.0).rate > times.rate


def test_errors() -> None:
    with pytest.raises(ValueError, match="must have a MemorySystem as its memory, not 'hbm2'"):
        dataclasses.replace(U55C, memory="hbm2")
    with pytest.raises(ValueError, match="DRAM bandwidth must be a number above 0, not 0"):
        Hbm2(bandwidth=0)
    with pytest.raises(
        ValueError, match="Channel latency must be a whole number of at least 1, not 0"
    ):
        ConstantChannel(latency=0)
