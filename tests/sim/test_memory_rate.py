# SPDX-License-Identifier: Apache-2.0
"""What the estimate believes of memory, against the simulated one: `Board.memory_times`."""

from dataclasses import replace

import numpy as np
import pytest

from streamhw.boards.base import load_board
from streamhw.boards.memory.catalog import MEMORIES
from streamhw.boards.memory.hbm2 import Hbm2
from streamhw.boards.memory.ideal import IDEAL
from streamhw.boards.memory.sdram import SdramMemory
from streamhw.boards.memory.sdram_part import AS4C16M16SA_7, IS42S16160G_7
from streamhw.sim.device import SimDevice
from streamhw.sim.memory_model import MemoryModel
from streamhw.sim.verilator import build
from tests.sim.models import hbm2
from tests.sim.traffic import Traffic

CYCLES = 40_000
U55C = load_board("u55c")


@pytest.fixture(scope="module")
def reads(tmp_path_factory):
    """Opens devices of ports that read bursts of 16 beats in sequence."""
    folder, made = tmp_path_factory.mktemp("reads"), {}

    def reads(model, ports=1, cycles=CYCLES):
        spec = Traffic(bursts=1 << 20, places=1024, ports=ports)
        if ports not in made:
            (folder / str(ports)).mkdir()
            made[ports] = build(
                [spec.write(folder / str(ports))], spec.manifest, observed=True, cache=folder
            )
        with SimDevice(spec.manifest, made[ports], spec.image(1), model=model) as device:
            device.capture(set())
            device.time()
            device.step(cycles)
            return [device.timed()[f"mem{n}"].astype(np.int64) for n in range(ports)]

    return reads


@pytest.mark.parametrize("t_rfc", [0.0, 160.0, 260.0, 350.0])
def test_rate_of_long_reads(reads, t_rfc):
    model = hbm2(t_rfc=t_rfc)
    (times,) = reads(model)
    share = 16 * len(times[::16]) / CYCLES * 64 / model.peak(64)
    assert share == pytest.approx(model.channel.sustained, rel=0.01)


@pytest.mark.parametrize("part", [IS42S16160G_7, AS4C16M16SA_7], ids=lambda part: part.name)
def test_rate_of_sdram(reads, part):
    memory = SdramMemory.of(part, clock_mhz=110.0, design_mhz=55.0)
    model = MemoryModel(channel=memory, clock_mhz=55.0, kind=memory.name)
    (times,) = reads(model)
    share = len(times) / CYCLES * 64 / model.peak(64)
    assert share == pytest.approx(memory.sustained, rel=0.01)


def test_boards_say_it(reads):
    for board in (U55C, replace(U55C, memory=IDEAL)):
        (times,) = reads(MemoryModel.of(board))
        assert len(times) / CYCLES == pytest.approx(board.memory_times.rate, rel=0.01)
    assert load_board("sim").memory_times.rate == 1.0
    assert load_board("ulx3s").memory_times.rate == pytest.approx(0.246, abs=1e-3)
    assert replace(U55C, memory=IDEAL).memory_times.pause == 0


@pytest.mark.parametrize("kind", ["ideal", "hbm2"])
def test_one_burst_under_way(reads, kind):
    """Latency, and the beats of the burst: a refresh adds what is left of it when one comes."""
    board = replace(U55C, memory=MEMORIES[kind])
    (times,) = reads(replace(MemoryModel.of(board), outstanding=1))
    port = board.ports[0]
    beats = 15 / port.beats_per_cycle
    expected = port.latency + beats + 1  # to the next address
    if isinstance(channel := board.memory, Hbm2):
        # Half of a row's opening is exposed: a row of two bank groups has two bursts.
        expected += channel.t_rcd * board.clock_mhz / 1e3 / 2
        expected *= 1 + channel.pause / channel.t_refi
    assert np.diff(times[::16]).mean() == pytest.approx(expected, rel=0.02)


def test_all_channels_wait_for_the_slowest(reads):
    """Bursts of 32 ports, a joined one after the other: the last port's beat is a refresh late."""
    found = {}
    for kind in ("ideal", "hbm2"):
        times = reads(MemoryModel.of(replace(U55C, memory=MEMORIES[kind])), ports=32, cycles=8_000)
        count = min(map(len, times))
        found[kind] = np.stack([t[:count] for t in times])
    late = found["hbm2"].max(axis=0) - found["hbm2"].min(axis=0)
    # Of channels that read as fast as they can, the slowest is one refresh behind the fastest.
    assert late[500:].mean() == pytest.approx(U55C.memory_times.pause, rel=0.1)
    assert (found["ideal"].max(axis=0) == found["ideal"].min(axis=0)).all()


def test_wait_of_few_channels():
    channel = Hbm2()
    assert channel.wait(1) == pytest.approx(channel.pause**2 / 2 / channel.t_refi)
    assert channel.wait(32) == channel.pause
