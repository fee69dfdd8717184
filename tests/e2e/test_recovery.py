# SPDX-License-Identifier: Apache-2.0
"""Resets of one side, aborts, faults of memory at any moment: told, and the next answer is right.

Memory runs on unless a test says otherwise. Nothing may hang without a cause in STATUS, and no
token may be wrong without an error.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import pytest

from streamhw.boards.base import load_board
from streamhw.boards.memory.constant import ConstantChannel
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model
from streamhw.errors import DeviceError, InternalError
from streamhw.quantization.config import QuantConfig
from streamhw.reference.integer_model import IntegerModel
from streamhw.runtime.driver import Generation, generate
from streamhw.runtime.recovery import recover
from streamhw.sim.device import SimDevice
from streamhw.sim.library import InjectedFault
from streamhw.sim.memory_model import MemoryModel
from streamhw.stream.axi import register_map as registers
from tests.e2e.machine import Machine
from tests.e2e.three_dies import machine_on_three_dies
from tests.tiny import tiny_decoder

LATENCIES = (1, 32, 200)
PROMPT, NEXT, COUNT = [5, 6, 7], [9, 8, 7, 11], 3
WATCHDOG = 1000
"""Cycles; far more than any latency here, and answers come sooner than with the default."""


@pytest.fixture(scope="module")
def tiny(machine_of: Callable[..., Machine]) -> Machine:
    model = tiny_decoder()
    config = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
    return machine_of(design=compile_model(model, load_board("sim"), config), of=model)


@pytest.fixture(scope="module")
def far(machine_of: Callable[..., Machine]) -> Machine:
    """Registers two boundaries between dies away from memory, which has four ports."""
    return machine_on_three_dies(machine_of)


@pytest.fixture(scope="module")
def right(tiny: Machine) -> dict[int, list[int]]:
    """The answers, by the length of their prompts."""
    golden = IntegerModel(tiny.quantized, layer_table().reference)
    return {len(prompt): list(golden.generate(prompt, COUNT)) for prompt in (PROMPT, NEXT)}


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Another one a test; it is in the output of a test that fails."""
    number = Random(request.node.nodeid).randrange(1 << 32)
    print(f"seed {number}")
    return number


@contextmanager
def running(tiny: Machine, latency: int) -> Iterator[SimDevice]:
    channel = ConstantChannel(latency=latency, write_latency=max(1, latency // 2))
    with SimDevice(
        tiny.emitted.manifest, tiny.library, tiny.image, model=MemoryModel(channel=channel)
    ) as device:
        device.write32(registers.WATCHDOG, WATCHDOG)
        yield device


def begin(device: SimDevice) -> Generation:
    return generate(device, PROMPT, count=COUNT)


def check_next(device: SimDevice, right: dict[int, list[int]], where: str) -> None:
    found = [token.token for token in generate(device, NEXT, count=COUNT)]
    assert found == right[len(NEXT)], where


def length(tiny: Machine, latency: int) -> int:
    """Cycles of the answer."""
    with running(tiny, latency) as device:
        answer = begin(device)
        list(answer)
        return answer.cycles


def reset_alone(device: SimDevice) -> None:
    device.reset(memory=False)
    device.write32(registers.WATCHDOG, WATCHDOG)


WAYS: dict[str, Callable[[SimDevice], None]] = {"pin": reset_alone, "abort": recover}


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("way", WAYS)
def test_ended_at_any_moment(
    tiny: Machine, right: dict[int, list[int]], seed: int, way: str, latency: int
) -> None:
    """Also some cycles after the last token: parameters are still prefetched then."""
    rng, cycles = Random(seed), length(tiny, latency)
    with running(tiny, latency) as device:
        for _ in range(12):
            moment = rng.randrange(cycles + latency)
            _ = begin(device)
            device.step(moment)
            WAYS[way](device)
            check_next(device, right, f"{way} after {moment} cycles")


@pytest.mark.slow
@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("way", WAYS)
def test_ended_at_every_moment(
    tiny: Machine, right: dict[int, list[int]], way: str, latency: int
) -> None:
    cycles = length(tiny, latency)
    with running(tiny, latency) as device:
        for moment in range(cycles + latency):
            _ = begin(device)
            device.step(moment)
            WAYS[way](device)
            check_next(device, right, f"{way} after {moment} cycles")


@pytest.mark.parametrize("latency", LATENCIES)
def test_a_reset_right_after_another(
    tiny: Machine, right: dict[int, list[int]], seed: int, latency: int
) -> None:
    """What memory owes is still owed after the second."""
    rng = Random(seed)
    with running(tiny, latency) as device:
        for _ in range(6):
            _ = begin(device)
            device.step(rng.randrange(3000))
            for _ in range(rng.randrange(1, 4)):
                WAYS[rng.choice(sorted(WAYS))](device)
                device.step(rng.randrange(2 * latency))
            check_next(device, right, "resets in a row")


def test_aborts_of_nothing_and_stops(tiny: Machine, right: dict[int, list[int]]) -> None:
    with running(tiny, 32) as device:
        recover(device)
        recover(device)
        check_next(device, right, "at rest")
        answer = begin(device)
        assert next(answer).token == right[len(PROMPT)][0]
        answer.stop()
        recover(device)
        with pytest.raises(InternalError, match=r"^Answer must come to its end, but the device "):
            list(answer)
        assert device.read32(registers.STATUS) & registers.STATUS_ABORTED
        check_next(device, right, "after a stop and an abort")
        assert not device.read32(registers.STATUS) & registers.STATUS_ABORTED


@pytest.mark.parametrize("latency", LATENCIES)
def test_any_word_to_control(
    tiny: Machine, right: dict[int, list[int]], seed: int, latency: int
) -> None:
    """Starts, stops, aborts and clears in any order and at any time."""
    rng = Random(seed)
    known = registers.CONTROL_START | registers.CONTROL_STOP
    known |= registers.CONTROL_ABORT | registers.CONTROL_CLEAR
    with running(tiny, latency) as device:
        for n in range(12):
            _ = begin(device)
            for _ in range(rng.randrange(1, 8)):
                device.step(rng.randrange(rng.choice((4, 4, 40, 2000))))
                device.write32(registers.CONTROL, rng.randrange(known + 1))
            recover(device)
            check_next(device, right, f"try {n}")


SAID = {
    InjectedFault.ERROR_RESPONSE: r"^Memory must answer each (read|write) without an error, but "
    r"port m_axi_mem. gave SLVERR at 0x",
    InjectedFault.SHORT_BURST: r"^Memory must end each read at its last beat, but port m_axi_mem. "
    r"ended the one at 0x\w+ before",
    InjectedFault.DROPPED: r"^Memory must do something within 1000 cycles, but port m_axi_mem.|"
    r"^Memory must (answer|end) each",
    InjectedFault.STUCK: r"^Memory must do something within 1000 cycles, but port m_axi_mem. left ",
}


def check_fault(
    device: SimDevice,
    right: dict[int, list[int]],
    kind: InjectedFault,
    *,
    write: bool,
    burst: int,
    beat: int,
    port: str = "",
) -> bool:
    """One answer with a fault of memory, and one after it; whether the fault showed in the first.

    The fault may also come when parameters are prefetched. A lost answer is told at the end at the
    latest: others may have been taken for it until then.
    """
    where = f"{kind.name}, write {write}, burst {burst}, beat {beat}"
    device.inject(port or device.manifest.ports[0].name, kind, write=write, burst=burst, beat=beat)
    tokens: list[int] = []
    try:
        for prompt in (PROMPT, NEXT):
            tokens = []
            for token in generate(device, prompt, count=COUNT):
                tokens.append(token.token)
            assert tokens == right[len(prompt)], where
        return False
    except DeviceError as error:
        if kind is not InjectedFault.DROPPED:
            assert tokens == right[len(prompt)][: len(tokens)], where
        with pytest.raises(DeviceError, match=SAID[kind]):
            raise error
    status = device.read32(registers.STATUS)
    assert status & registers.STATUS_ERROR and not status & registers.STATUS_BUSY, where
    if kind in (InjectedFault.DROPPED, InjectedFault.STUCK):
        with pytest.raises(DeviceError, match=r"^Memory must answer all that it was asked bef"):
            recover(device)
        assert device.read32(registers.STATUS) & registers.STATUS_STUCK, where
        if kind is InjectedFault.DROPPED:
            recover(device, forget=True)
        else:
            device.reset()
            device.write32(registers.WATCHDOG, WATCHDOG)
    else:
        recover(device)
    check_next(device, right, where)
    return True


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("kind", list(InjectedFault))
def test_faults_of_memory(
    tiny: Machine, right: dict[int, list[int]], seed: int, kind: InjectedFault, latency: int
) -> None:
    rng = Random(seed)
    found = 0
    with running(tiny, latency) as device:
        for n in range(15):
            write = kind is not InjectedFault.SHORT_BURST and n % 3 == 2
            burst, beat = rng.randrange(40 if write else 160), rng.randrange(4)
            found += check_fault(device, right, kind, write=write, burst=burst, beat=beat)
    assert found >= 5


@pytest.mark.slow
@pytest.mark.parametrize("latency", LATENCIES)
def test_all_of_it_on_far_dies(
    far: Machine, right: dict[int, list[int]], seed: int, latency: int
) -> None:
    """What guards say, and are told, takes some cycles; each has a port of its own."""
    rng, cycles = Random(seed), length(far, latency)
    ports = [port.name for port in far.emitted.manifest.ports]
    found = 0
    with running(far, latency) as device:
        for n in range(60):
            _ = begin(device)
            device.step(rng.randrange(cycles + latency))
            for _ in range(rng.choice((1, 1, 2))):
                WAYS[rng.choice(sorted(WAYS))](device)
            check_next(device, right, f"try {n}")
            kind = rng.choice(list(InjectedFault))
            write = kind is not InjectedFault.SHORT_BURST and rng.random() < 0.3
            burst, beat = rng.randrange(8 if write else 40), rng.randrange(4)
            port = rng.choice(ports)
            found += check_fault(
                device, right, kind, write=write, burst=burst, beat=beat, port=port
            )
            device.reset()
            device.write32(registers.WATCHDOG, WATCHDOG)
    assert found >= 10
