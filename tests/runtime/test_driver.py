# SPDX-License-Identifier: Apache-2.0
"""The driver on a device of registers alone: what it writes, and what it makes of answers."""

from collections.abc import Mapping

import pytest

from streamhw.errors import DeviceError, InternalError
from streamhw.runtime.device import Progress, Traffic
from streamhw.runtime.driver import Progressed, generate
from streamhw.runtime.manifest import Manifest
from streamhw.stream.axi import register_map as registers
from tests.sim.standin import Standin


class Scripted:
    """Registers in a dictionary; ``steps``: tokens that come between two looks, with the cycles."""

    def __init__(self, steps: list[tuple[list[int], int]]):
        self.manifest: Manifest = Standin().manifest
        self.base = 0x12_3456_7800
        self.steps = steps
        self.words: dict[int, int] = {
            registers.ID: registers.ID_VALUE,
            registers.BUILD: self.manifest.build,
            registers.STATUS: registers.STATUS_IDLE,
            registers.FAULT: 0,
            registers.FAULT_ADDRESS_LO: 0x1240,
            registers.FAULT_ADDRESS_HI: 0,
        }
        self.stopped = False
        self.written: list[tuple[int, int]] = []
        self.count = 0
        self.bytes = 0

    def write32(self, address: int, value: int) -> None:
        self.written.append((address, value))
        self.words[address] = value

    def read32(self, address: int) -> int:
        return self.words[address]

    def write_memory(self, offset: int, data: bytes) -> None: ...

    def read_memory(self, offset: int, size: int) -> bytes:
        return bytes(size)

    def wait(self, count: int) -> Progress:
        tokens, cycles = self.steps.pop(0)
        for n, token in enumerate(tokens):
            self.words[self.manifest.window + 4 * (count + n)] = token
        self.bytes += 100
        return Progress(
            count=count + len(tokens),
            done=not self.steps,
            cycles=cycles,
            stopped=self.stopped,
        )

    def traffic(self) -> Mapping[str, Traffic]:
        return {"mem": Traffic(read_bytes=self.bytes, write_bytes=0)}


class Refusing(Scripted):
    """Refuses to start."""

    def __init__(self, refusal: registers.Refusal):
        super().__init__([])
        self.refusal = refusal

    def write32(self, address: int, value: int) -> None:
        super().write32(address, value)
        if address == registers.CONTROL:
            self.words[registers.STATUS] = registers.STATUS_ERROR | self.refusal << 8


def test_an_answer_from_start_to_end() -> None:
    device = Scripted([([7], 100), ([], 120), ([3, 4, 5], 191), ([], 200)])
    device.bytes = 1000
    seen: list[int] = []
    found = generate(device, [1, 2], count=4, ends=(9,), on_token=lambda t: seen.append(t.token))
    assert [(t.token, t.position) for t in found] == [(7, 2), (3, 3), (4, 4), (5, 5)]
    assert seen == [7, 3, 4, 5] and (found.prompt_cycles, found.cycles) == (100, 191)
    assert [t.cycles for t in found.tokens[1:]] == [30, 30, 31]  # three came between two looks
    assert found.token_cycles == pytest.approx(91 / 3)
    assert found.traffic()["mem"].read_bytes == 400
    window, last = device.manifest.window, device.written[-1]
    assert device.written[:2] == [(window, 1), (window + 4, 2)]
    assert last == (registers.CONTROL, registers.CONTROL_START)
    written = dict(device.written)
    assert (written[registers.PROMPT_LENGTH], written[registers.TOTAL_LENGTH]) == (2, 6)
    assert written[registers.EOS] == registers.EOS_ENABLE | 9
    assert written[registers.BASE_HI] << 32 | written[registers.BASE_LO] == device.base
    found.stop()
    assert device.written[-1] == (registers.CONTROL, registers.CONTROL_STOP)


def test_a_second_end_token_stops_the_device() -> None:
    """The hardware knows the first of them; the step that was under way gives no token."""
    device = Scripted([([7], 100), ([4], 110), ([5], 120)])
    found = generate(device, [1, 2], count=5, ends=(9, 4))
    assert [token.token for token in found] == [7, 4]
    assert device.written[-1] == (registers.CONTROL, registers.CONTROL_STOP)
    assert device.steps == []  # it was waited for


def test_an_answer_goes_on_where_it_was() -> None:
    device = Scripted([([7], 100), ([8], 150)])
    first = generate(device, [1], count=3)
    token = next(first)
    again = Scripted([([8], 150), ([9], 160)])
    since = Progressed(tokens=(token,), before=first.progressed().before)
    assert [t.token for t in generate(again, [1], count=3, since=since)] == [8, 9]
    assert again.written == []  # the device is under way


@pytest.mark.parametrize(
    ("register", "value", "said"),
    [
        (registers.ID, 1, r"^Register ID must be 0x\w+, not 0x1$"),
        (registers.BUILD, 1, r"^Register BUILD must be 0x\w+ as in the manifest, not 0x1$"),
        (registers.STATUS, registers.STATUS_BUSY, r"^Device must not be busy when an answer sta"),
    ],
)
def test_another_device_is_refused(register: int, value: int, said: str) -> None:
    device = Scripted([([7], 100)])
    device.words[register] = value
    with pytest.raises(InternalError, match=said):
        generate(device, [1], count=1)
    assert device.written == []


def test_faults_of_a_device_are_told() -> None:
    device = Scripted([([99], 100)])
    with pytest.raises(InternalError, match=r"^Generated token at position 1 must be below the vo"):
        next(generate(device, [1], count=1))
    device = Scripted([([7], 100)])
    found = generate(device, [1], count=1)
    device.words[registers.STATUS] = registers.STATUS_ERROR
    device.words[registers.FAULT] = registers.MemoryFault.SLVERR | registers.FAULT_WRITE
    port = device.manifest.ports[0].name
    said = (
        rf"^Memory must answer each write without an error, but port {port} gave SLVERR at 0x1240$"
    )
    with pytest.raises(DeviceError, match=said):
        next(found)


def test_an_aborted_answer_is_told() -> None:
    """By somebody else: there is no fault."""
    device = Scripted([([7], 100)])
    found = generate(device, [1], count=2)
    device.stopped = True
    with pytest.raises(
        InternalError, match=r"^Answer must come to its end, but the device was told"
    ):
        next(found)


@pytest.mark.parametrize("refusal", list(registers.Refusal)[1:])
def test_a_refused_start_is_told(refusal: registers.Refusal) -> None:
    device = Refusing(refusal)
    with pytest.raises(
        InternalError, match=rf"^Device must start, but it refused: illegal {refusal.name}$"
    ):
        generate(device, [1], count=1)
