# SPDX-License-Identifier: Apache-2.0
"""The host's end of a link: repeats, what an error says, and numbers that are refused."""

import zlib
from typing import Any

import pytest

from streamhw.errors import DeviceError
from streamhw.peripherals.host_link.protocol import Status
from streamhw.runtime.serial.framing import frame
from streamhw.runtime.serial.link import Identity, LinkError, SerialLink
from tests.runtime.serial.scripted_link import ScriptedLink


def opened(**options: Any) -> tuple[ScriptedLink, SerialLink]:
    board = ScriptedLink()
    return board, SerialLink(board, **options)


def test_requests() -> None:
    board, link = opened()
    assert link.identity == Identity(
        version=1, build=0xB01D, payload=256, crc=1 << 20, address_bits=40
    )
    link.write_register(8, 0xFFFFFFFF)
    assert link.read_register(8) == 0xFFFFFFFF
    content = bytes(range(256))
    link.write_memory(0x20, content)
    assert link.read_memory(0x30, 32) == content[16:48]
    assert link.crc_memory(0x20, 256) == zlib.crc32(content)
    link.reset()
    assert board.executed == [1, 3, 2, 5, 4, 6, 7]
    link.close()
    assert board.closed
    assert (link.statistics.requests, link.statistics.repeats) == (7, 0)


@pytest.mark.parametrize("fault", ["lost", "flipped", "noise", "unheard"])
def test_an_answer_that_does_not_come_is_asked_for_again(fault: str) -> None:
    """And the request is executed once."""
    board, link = opened()
    board.registers[4] = 0x1234
    board.faults += [fault] * 3
    assert link.read_register(4) == 0x1234
    assert board.executed == [1, 2]
    assert link.statistics.repeats == (0 if fault == "noise" else 3)
    assert (link.statistics.bad_frames > 0) == (fault in ("flipped", "noise"))


def test_no_answer_at_all() -> None:
    board, link = opened(tries=3, timeout=0.25)
    board.faults += ["unheard"] * 3
    with pytest.raises(LinkError, match=r"answer a WRITE_REGISTER within 3 tries of 0\.25 s") as e:
        link.write_register(4, 1)
    assert (e.value.status, e.value.executed) == (None, None)
    assert isinstance(e.value, DeviceError) and e.value.exit_code == 6
    link.write_register(4, 2)
    assert board.registers == {4: 2}


def test_a_line_that_never_ends_is_given_up() -> None:
    class Babble(ScriptedLink):
        def read(self, timeout: float) -> bytes:
            return b"\x55" * 100

    with pytest.raises(LinkError, match="within 2 tries"):
        SerialLink(Babble(), tries=2)


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OKAY])
def test_errors_of_the_link(status: Status) -> None:
    board, link = opened()
    board.faults.append(int(status))
    told = f"^Link must execute READ_REGISTER, but answered {status.name}$"
    with pytest.raises(LinkError, match=told) as caught:
        link.read_register(4)
    assert caught.value.status is status
    untouched = status in (Status.CLOSED, Status.UNKNOWN, Status.ILLEGAL, Status.BUSY)
    assert caught.value.executed is (False if untouched else None)


def test_a_reset_of_the_hardware_is_told() -> None:
    """Of a request that was sent once it is known that nothing was done, else it is not."""
    board, link = opened()
    board.restart()
    with pytest.raises(LinkError, match="CLOSED") as caught:
        link.write_register(4, 1)
    assert caught.value.executed is False and "open()" in (caught.value.hint or "")
    link.open()
    board.faults += ["lost"]

    def lose(*_: object) -> bytes:
        board.restart()
        del board.read
        return b""

    board.read = lose  # type: ignore[method-assign]
    with pytest.raises(LinkError, match="CLOSED") as caught:
        link.write_register(4, 2)
    assert caught.value.executed is None
    assert board.registers == {4: 2}


def test_answers_to_other_requests_are_not_taken() -> None:
    """Neither those of a host before, nor those of a request that was given up."""
    board, link = opened(sequence=0xFFFE)
    board.registers |= {0: 10, 4: 14}
    assert link.read_register(0) == 10
    stale = frame(board.answer)
    for _ in range(3):  # across the end of the numbers
        board.line += stale
        assert link.read_register(4) == 14


def test_another_version() -> None:
    board = ScriptedLink()
    board.version = 2
    with pytest.raises(DeviceError, match=r"^Link must speak version 1 of the protocol, not 2$"):
        SerialLink(board)


@pytest.mark.parametrize(
    ("call", "arguments", "told"),
    [
        ("read_register", (1 << 32,), "must fit its fields, not 0x100000000"),
        ("read_register", (-4,), "must fit its fields, not -0x4"),
        ("write_register", (4, 1 << 32), "must fit its fields, not 0x4, 0x100000000"),
        ("read_memory", (0, 8), "Size must be a multiple of 16 up to 256 bytes, not 8"),
        ("read_memory", (0, 272), "Size must be a multiple of 16 up to 256 bytes, not 272"),
        ("write_memory", (0, b""), "Size must be a multiple of 16 up to 256 bytes, not 0"),
        ("crc_memory", (0, (1 << 20) + 16), "up to 1048576 bytes, not 1048592"),
        ("read_memory", (8, 16), "with 16 bytes below 0x10000000000, not 0x8"),
        ("read_memory", ((1 << 40) - 16, 32), "with 32 bytes below 0x10000000000"),
    ],
)
def test_numbers_that_are_refused(call: str, arguments: tuple[Any, ...], told: str) -> None:
    board, link = opened()
    with pytest.raises(ValueError, match=told):
        getattr(link, call)(*arguments)
    assert board.executed == [1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"timeout": 0}, "timeout must be above 0 s, not 0"),
        ({"tries": 0}, "tries must be at least 1, not 0"),
    ],
)
def test_errors(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=f"^SerialLink {told}$"):
        opened(**options)
