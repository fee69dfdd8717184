# SPDX-License-Identifier: Apache-2.0
"""The host's end of a link to a board: each request once, repeated until its answer comes."""

import secrets
import struct
from dataclasses import dataclass

from ...errors import DeviceError
from ...peripherals.host_link import protocol
from ...peripherals.host_link.protocol import Opcode, Status
from .framing import FrameReader, frame
from .transport import Transport

__all__ = ["Identity", "LinkError", "LinkStatistics", "SerialLink"]

NOISE_LIMIT = 4 * 512
"""Bytes that are no answer after which a try counts as failed: four of the longest frames."""

NOT_EXECUTED = (Status.CLOSED, Status.UNKNOWN, Status.ILLEGAL, Status.BUSY)


class LinkError(DeviceError):
    """A request was not executed, or nobody knows.

    status: what the link told, ``None`` if it told nothing
    executed: ``False`` if it was not, ``None`` if nobody knows
    """

    def __init__(
        self,
        message: str,
        *,
        status: Status | None = None,
        executed: bool | None = None,
        hint: str | None = None,
    ):
        super().__init__(message, hint=hint)
        self.status = status
        self.executed = executed


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a link says of itself: its protocol, build and limits."""

    version: int
    build: int
    payload: int  # bytes of memory in a frame
    crc: int  # bytes of memory in a CRC
    address_bits: int  # of a byte address in memory


@dataclass(kw_only=True)
class LinkStatistics:
    """What passed since the link was made."""

    requests: int = 0
    repeats: int = 0
    bad_frames: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0


class SerialLink:
    """Requests to a ``HostLink`` of the hardware, one at a time.

    The first request is a PING: it ends what another host began, and tells the limits. After a
    reset of the hardware every request fails until ``open`` is called: the hardware has forgotten
    whether the one before it was executed.

    transport: to the board
    timeout: seconds without a byte after which a request is repeated
    tries: of a request, at least 1
    sequence: number of the first request; random, unless tests must repeat

    Methods raise ``LinkError`` if no answer comes or if it is an error, and ``ValueError`` for
    numbers that the link does not take.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        timeout: float = 0.5,
        tries: int = 8,
        sequence: int | None = None,
    ):
        if timeout <= 0:
            raise ValueError(f"SerialLink timeout must be above 0 s, not {timeout:g}")
        if tries < 1:
            raise ValueError(f"SerialLink tries must be at least 1, not {tries}")
        self._transport, self._timeout, self._tries = transport, timeout, tries
        self._reader = FrameReader()
        first = secrets.randbits(16) if sequence is None else sequence
        self._sequence = first - 1 & 0xFFFF
        self._statistics = LinkStatistics()
        self.identity = self.open()

    @property
    def statistics(self) -> LinkStatistics:
        """What passed so far."""
        self._statistics.bad_frames = self._reader.bad
        return self._statistics

    def open(self) -> Identity:
        """Opens the link, also again after a reset of the hardware."""
        values = protocol.IDENTITY.unpack(self._request(Opcode.PING, b"", protocol.IDENTITY.size))
        names = ("version", "build", "payload", "crc", "address_bits")
        identity = Identity(**dict(zip(names, values, strict=True)))
        if identity.version != protocol.VERSION:
            raise DeviceError(
                f"Link must speak version {protocol.VERSION} of the protocol, "
                f"not {identity.version}"
            )
        return identity

    def read_register(self, address: int) -> int:
        """The 32 bits at a byte address, a multiple of 4."""
        return self._word(Opcode.READ_REGISTER, _packed(protocol.REGISTER_READ, address))

    def write_register(self, address: int, value: int) -> None:
        """Writes 32 bits at a byte address, a multiple of 4."""
        self._request(Opcode.WRITE_REGISTER, _packed(protocol.REGISTER_WRITE, address, value))

    def read_memory(self, address: int, size: int) -> bytes:
        """16 to 256 bytes; address and size are multiples of 16."""
        self._check_range(address, size, self.identity.payload)
        return self._request(Opcode.READ_MEMORY, _packed(protocol.MEMORY_READ, address, size), size)

    def write_memory(self, address: int, content: bytes) -> None:
        """16 to 256 bytes; address and size are multiples of 16."""
        self._check_range(address, len(content), self.identity.payload)
        self._request(Opcode.WRITE_MEMORY, _packed(protocol.MEMORY_WRITE, address) + content)

    def crc_memory(self, address: int, size: int) -> int:
        """CRC-32 (that of zlib) of 16 bytes to 1 MiB; address and size are multiples of 16."""
        self._check_range(address, size, self.identity.crc)
        return self._word(Opcode.CRC_MEMORY, _packed(protocol.MEMORY_CRC, address, size))

    def reset(self) -> None:
        """Resets the design, but not memory."""
        self._request(Opcode.RESET, b"")

    def close(self) -> None:
        """Closes the transport."""
        self._transport.close()

    def _check_range(self, address: int, size: int, limit: int) -> None:
        beat, end = protocol.BEAT, 1 << self.identity.address_bits
        if not beat <= size <= limit or size % beat:
            raise ValueError(f"Size must be a multiple of {beat} up to {limit} bytes, not {size}")
        if address % beat or not 0 <= address <= end - size:
            raise ValueError(
                f"Address must be a multiple of {beat} with {size} bytes below {end:#x}, "
                f"not {address:#x}"
            )

    def _word(self, opcode: Opcode, fields: bytes) -> int:
        (value,) = protocol.WORD.unpack(self._request(opcode, fields, protocol.WORD.size))
        return int(value)

    def _request(self, opcode: Opcode, fields: bytes, size: int = 0) -> bytes:
        """Fields of the answer, which must have that many bytes."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        request = frame(protocol.REQUEST_HEADER.pack(opcode, self._sequence) + fields)
        self._statistics.requests += 1
        for attempt in range(self._tries):
            self._statistics.repeats += attempt > 0
            self._transport.write(request)
            self._statistics.sent_bytes += len(request)
            answer = self._answer(opcode)
            if answer is not None:
                return self._checked(opcode, answer, size, repeated=attempt > 0)
        raise LinkError(
            f"Link must answer a {opcode.name} within {self._tries} tries of {self._timeout:g} s, "
            "but did not: it may have been executed",
            hint="Look at the board: power, clock, reset, pins and baud of its UartLink",
        )

    def _answer(self, opcode: Opcode) -> bytes | None:
        """Status and fields of the answer to the latest request, or nothing."""
        head = protocol.ANSWER_HEADER
        noise = 0
        while noise <= NOISE_LIMIT and (data := self._transport.read(self._timeout)):
            noise += len(data)
            self._statistics.received_bytes += len(data)
            found = None
            for content in self._reader.take(data):
                if len(content) >= head.size:
                    told, sequence, _ = head.unpack_from(content)
                    if told == opcode | protocol.ANSWER and sequence == self._sequence:
                        found = content[head.size - 1 :]
            if found is not None:
                return found
        return None

    def _checked(self, opcode: Opcode, answer: bytes, size: int, *, repeated: bool) -> bytes:
        if answer[0] not in list(Status):
            raise LinkError(f"Link must answer with a status, not {answer[0]}")
        status = Status(answer[0])
        if status is not Status.OKAY:
            closed = status is Status.CLOSED
            # What came before the reset of a link may have been executed then.
            untouched = not (closed and repeated) and status in NOT_EXECUTED
            raise LinkError(
                f"Link must execute {opcode.name}, but answered {status.name}",
                status=status,
                executed=False if untouched else None,
                hint="The link was reset: call open() and begin anew" if closed else None,
            )
        if len(answer) != 1 + size:
            raise LinkError(
                f"Answer to {opcode.name} must have {size} bytes, not {len(answer) - 1}"
            )
        return answer[1:]


def _packed(layout: struct.Struct, *values: int) -> bytes:
    """Fields of a request; raises ``ValueError`` if a number has no room in them."""
    try:
        return layout.pack(*values)
    except struct.error:
        shown = ", ".join(f"{value:#x}" for value in values)
        raise ValueError(f"Numbers of a request must fit its fields, not {shown}") from None
