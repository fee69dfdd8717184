# SPDX-License-Identifier: Apache-2.0
"""The driver of a card against a card of dictionaries: where memory goes, and what is refused."""

from random import Random

import pytest

from streamhw.errors import DeviceError, InternalError
from streamhw.runtime.device import Progress, Traffic
from streamhw.runtime.manifest import Manifest, ManifestPort, MemoryMap
from streamhw.runtime.xrt.device import XrtDevice
from streamhw.stream.axi import register_map as registers
from streamhw.stream.axi.port_bases import port_base

BYTES = 1000
BEAT = 16


def manifest(*, ports: int, striped: bool) -> Manifest:
    return Manifest(
        board="card",
        context=16,
        vocabulary=60,
        token_batch=2,
        digest="0" * 56 + "12345678",
        memory=MemoryMap(bytes=BYTES, striped=striped),
        ports=tuple(
            ManifestPort(name=f"m_axi_mem{n}", data_width=8 * BEAT, address_width=40, id_width=4)
            for n in range(ports)
        ),
    )


class _Card:
    """Registers and buffers; busy until it was told to abort."""

    def __init__(self, *, begin: int = 1 << 40, build: int = 0x12345678):
        self.registers = {
            registers.ID: registers.ID_VALUE,
            registers.BUILD: build,
            registers.STATUS: registers.STATUS_BUSY,
        }
        self.buffers: dict[int, bytearray] = {}
        self.banks: dict[int, str] = {}
        self._begin = begin

    def read32(self, address: int) -> int:
        return self.registers.get(address, 0)

    def write32(self, address: int, value: int) -> None:
        if address >= port_base(0):
            assert self.registers[registers.STATUS] & registers.STATUS_IDLE, "bases must rest"
        if (address, value) == (registers.CONTROL, registers.CONTROL_ABORT):
            self.registers[registers.STATUS] = registers.STATUS_IDLE
        self.registers[address] = value

    def allocate(self, port: int, bank: str, size: int) -> int:
        self.buffers[port], self.banks[port] = bytearray(size), bank
        return self._begin + (port << 20)

    def write(self, port: int, offset: int, data: bytes) -> None:
        assert offset + len(data) <= len(self.buffers[port])
        self.buffers[port][offset : offset + len(data)] = data

    def read(self, port: int, offset: int, size: int) -> bytes:
        return bytes(self.buffers[port][offset : offset + size])

    def bases(self, ports: int) -> list[int]:
        lows = (port_base(port) for port in range(ports))
        return [self.registers[at] | self.registers[at + 4] << 32 for at in lows]


def banks(ports: int) -> list[str]:
    return [f"HBM[{port}]" for port in range(ports)]


@pytest.mark.parametrize("ports", [1, 2, 4])
def test_striped_memory(ports: int, seed: int) -> None:
    rng, card = Random(f"{seed} {ports}"), _Card()
    device = XrtDevice(manifest(ports=ports, striped=True), card, banks=banks(ports))
    assert card.bases(ports) == [(1 << 40) + (port << 20) for port in range(ports)]
    assert card.banks == dict(enumerate(banks(ports))) and device.base == 0
    image = rng.randbytes(BYTES)
    device.load(image)
    for at in range(BYTES):
        row, port = at // (BEAT * ports), at // BEAT % ports
        assert card.buffers[port][row * BEAT + at % BEAT] == image[at]
    memory = bytearray(image)
    for _ in range(50):
        begin, end = sorted(rng.choices(range(BYTES + 1), k=2))
        data = rng.randbytes(end - begin)
        memory[begin:end] = data
        device.write_memory(begin, data)
        begin, end = sorted(rng.choices(range(BYTES + 1), k=2))
        assert device.read_memory(begin, end - begin) == memory[begin:end]


def test_memory_that_all_ports_see() -> None:
    card = _Card()
    device = XrtDevice(manifest(ports=3, striped=False), card, banks=banks(3))
    assert card.bases(3) == [1 << 40] * 3 and card.banks == {0: "HBM[0]"}
    device.load(bytes(range(250)))
    assert card.buffers[0][:250] == bytes(range(250)) and len(card.buffers[0]) == 4096


def test_an_answer_that_comes_or_does_not() -> None:
    card, now = _Card(), [0.0]

    def clock() -> float:
        now[0] += 1.0
        return now[0]

    device = XrtDevice(
        manifest(ports=1, striped=True), card, banks=banks(1), patience=5, clock=clock
    )
    card.registers |= {registers.STATUS: registers.STATUS_BUSY, registers.COUNT: 4}
    card.registers |= {registers.CYCLES_LO: 7, registers.CYCLES_HI: 1}
    assert device.wait(3) == Progress(count=4, done=False, cycles=7 | 1 << 32)
    with pytest.raises(InternalError, match="no token after 5 s with 4 tokens in the window"):
        device.wait(4)
    card.registers[registers.STATUS] = registers.STATUS_DONE
    assert device.wait(4).done
    card.registers[registers.STATUS] = registers.STATUS_ABORTED
    assert device.wait(4).stopped
    assert device.traffic() == {"m_axi_mem0": Traffic(read_bytes=0, write_bytes=0)}


def test_cards_that_do_not_fit() -> None:
    two = manifest(ports=2, striped=True)
    with pytest.raises(ValueError, match="banks must be 2, one a port, not 1"):
        XrtDevice(two, _Card(), banks=banks(1))
    with pytest.raises(ValueError, match="patience must be above 0 s, not 0"):
        XrtDevice(two, _Card(), banks=banks(2), patience=0)
    with pytest.raises(DeviceError, match=r"design of the manifest \(build 0x12345678\), not 0x0"):
        XrtDevice(two, _Card(build=9), banks=banks(2))
    with pytest.raises(
        DeviceError, match=r"HBM\[0\] must begin at a multiple of 4 KiB, not at 0x40"
    ):
        XrtDevice(two, _Card(begin=64), banks=banks(2))


def test_ranges_outside_of_memory() -> None:
    device = XrtDevice(manifest(ports=1, striped=True), _Card(), banks=banks(1))
    for offset, size in ((-1, 2), (BYTES, 1), (0, BYTES + 1)):
        with pytest.raises(ValueError, match="Memory range must be within 0x3e8 bytes"):
            device.read_memory(offset, size)
    with pytest.raises(ValueError, match="Memory range must be within"):
        device.load(bytes(BYTES + 1))
    assert device.read_memory(5, 0) == b""
