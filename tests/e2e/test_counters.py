# SPDX-License-Identifier: Apache-2.0
"""Counters that a host reads equal what the simulator counts of the same answers."""

from collections.abc import Callable, Iterator

import pytest

from streamhw.boards.memory.constant import ConstantChannel
from streamhw.runtime.counters import PortBeats, StreamCount, observe, observed, port_beats
from streamhw.runtime.driver import generate
from streamhw.runtime.recovery import recover, settle
from streamhw.sim.device import SimDevice
from streamhw.sim.memory_model import MemoryModel, Stalls
from streamhw.stream.axi import register_map as registers
from tests.e2e.machine import Machine
from tests.e2e.three_dies import DIES, machine_on_three_dies

PROMPT, COUNT = [5, 6, 7], 3
MEMORY = MemoryModel(
    channel=ConstantChannel(latency=40, write_latency=9), stalls=Stalls.everywhere(0.2, seed=3)
)


@pytest.fixture(scope="module")
def far(machine_of: Callable[..., Machine]) -> Machine:
    """Streams on three dies, and memory at four ports two boundaries away from the registers."""
    machine = machine_on_three_dies(machine_of, ("embedding", "middle"), observed=True)
    sinks = {machine.design.placement.dies[c.sink.instance][0] for c in machine.design.channels}
    assert sinks == set(DIES)
    return machine


@pytest.fixture
def device(far: Machine) -> Iterator[SimDevice]:
    with SimDevice(far.emitted.manifest, far.library, far.image, model=MEMORY) as device:
        yield device


def simulated(device: SimDevice, stream: str) -> tuple[StreamCount, bool, bool]:
    """Cycles so far, and valid and ready in the last of them."""
    found = device.statistics()[stream]
    counts = (int(found.transfers), int(found.blocked), int(found.starved))
    state = int(found.state)
    return StreamCount(**dict(zip(FIELDS, counts, strict=True))), bool(state & 1), bool(state & 2)


FIELDS = ("transfers", "blocked", "starved")


def test_every_stream(device: SimDevice) -> None:
    list(generate(device, PROMPT, count=COUNT))
    for stream in (each.name for each in device.manifest.streams):
        observe(device, stream)
        # the same answer again; it is busy from the next cycle on
        device.write32(registers.CONTROL, registers.CONTROL_START)
        before, _, _ = simulated(device, stream)
        device.wait(len(PROMPT) + COUNT - 1)
        after, valid, ready = simulated(device, stream)
        settle(device)
        # all cycles but the last one looked at, in which the machine is done
        last = (valid & ready, valid & ~ready, ready & ~valid)
        expected = {
            name: getattr(after, name) - getattr(before, name) - end
            for name, end in zip(FIELDS, last, strict=True)
        }
        assert observed(device) == StreamCount(**expected), stream
        assert sum(expected.values()) <= device.read32(registers.CYCLES_LO)


def test_every_port(device: SimDevice) -> None:
    """Also the beats of an answer that was aborted, and those of parameters read ahead."""
    widths = {port.name: port.data_width // 8 for port in device.manifest.ports}
    for end in (list, lambda answer: (next(answer), recover(device))):
        end(generate(device, PROMPT, count=COUNT))
        settle(device)
        found = {
            name: PortBeats(
                read=traffic.read_bytes // widths[name], written=traffic.write_bytes // widths[name]
            )
            for name, traffic in device.traffic().items()
        }
        assert port_beats(device) == found
        assert all(beats.read for beats in found.values())
        assert any(beats.written for beats in found.values())


def test_no_such_stream(device: SimDevice) -> None:
    with pytest.raises(ValueError, match=r"^Stream must be one of the manifest, not 'nothing'$"):
        observe(device, "nothing")
