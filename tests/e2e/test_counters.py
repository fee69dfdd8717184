# SPDX-License-Identifier: Apache-2.0
"""Counters that a host reads equal what the simulator counts of the same answers."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from streamhw.boards.base import Budget, Die, load_board
from streamhw.boards.memory.constant import ConstantChannel
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.pipeline import compile_model
from streamhw.quantization.config import QuantConfig
from streamhw.runtime.counters import PortBeats, StreamCount, observe, observed, port_beats
from streamhw.runtime.driver import generate
from streamhw.runtime.recovery import recover, settle
from streamhw.sim.device import SimDevice
from streamhw.sim.memory_model import MemoryModel, Stalls
from streamhw.stream.axi import register_map as registers
from tests.e2e.machine import Machine
from tests.tiny import tiny_decoder

PROMPT, COUNT = [5, 6, 7], 3
MEMORY = MemoryModel(
    channel=ConstantChannel(latency=40, write_latency=9), stalls=Stalls.everywhere(0.2, seed=3)
)


@pytest.fixture(scope="module")
def far(machine_of: Callable[..., Machine]) -> Machine:
    """Streams on three dies, and memory at four ports two boundaries away from the registers."""
    budget = Budget(luts=24_000, ffs=60_000, dsps=100, block_ram=20, ultra_ram=8)
    whole = Budget(luts=72_000, ffs=180_000, dsps=300, block_ram=60, ultra_ram=24)
    dies = tuple(Die(name=n, budget=budget, memory=n == "low") for n in ("low", "middle", "high"))
    board = load_board("sim")
    (port,) = board.ports
    ports = tuple(replace(port, name=f"mem{n}") for n in range(4))
    board = replace(board, name="three_dies", budget=whole, dies=dies, ports=ports)
    pins = (("attention_key_read_dma", "high"), ("embedding", "middle"), ("sequencer", "high"))
    config = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32, pins=pins)
    model = tiny_decoder()
    machine = machine_of(design=compile_model(model, board, config), of=model, observed=True)
    sinks = {machine.design.placement.dies[c.sink.instance][0] for c in machine.design.channels}
    assert sinks == {"low", "middle", "high"}
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
