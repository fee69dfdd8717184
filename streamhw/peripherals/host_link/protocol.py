# SPDX-License-Identifier: Apache-2.0
"""Requests and answers between a host and the link: the one list of them, for both sides.

A frame is the COBS code of its content between two ``DELIMITER``. The content is the header, the
fields, and the CRC-32 of both (that of zlib); numbers are little endian.
"""

import struct
from enum import IntEnum

__all__ = [
    "ANSWER",
    "ANSWER_HEADER",
    "BEAT",
    "CRC_BYTES",
    "CRC_LIMIT",
    "DELIMITER",
    "IDENTITY",
    "LONGEST_CONTENT",
    "MEMORY_CRC",
    "MEMORY_READ",
    "MEMORY_WRITE",
    "PAYLOAD_LIMIT",
    "REGISTER_READ",
    "REGISTER_WRITE",
    "REQUEST_HEADER",
    "VERSION",
    "WORD",
    "Opcode",
    "Status",
]

VERSION = 1
DELIMITER = 0x00
CRC_BYTES = 4
BEAT = 16  # bytes; addresses and lengths in memory are multiples of it
PAYLOAD_LIMIT = 256  # bytes of memory in a frame
CRC_LIMIT = 1 << 20  # bytes of one CRC_MEMORY
ANSWER = 0x80  # with the opcode of the request


class Opcode(IntEnum):
    """What a host asks for; fields of the request behind the header, fields of its answer."""

    PING = 1  # none; IDENTITY: opens the link after its reset
    READ_REGISTER = 2  # REGISTER_READ; WORD
    WRITE_REGISTER = 3  # REGISTER_WRITE; none
    READ_MEMORY = 4  # MEMORY_READ; so many bytes
    WRITE_MEMORY = 5  # MEMORY_WRITE, 16 to 256 bytes; none
    CRC_MEMORY = 6  # MEMORY_CRC; WORD
    RESET = 7  # none; none


class Status(IntEnum):
    """How a request ended; fields of an answer come with ``OKAY`` alone.

    Of ``CLOSED`` to ``BUSY`` nothing was executed. After ``TIMEOUT`` it may have been, or may still
    be.
    """

    OKAY = 0
    EXOKAY = 1  # the first three errors are the response of the bus
    SLVERR = 2
    DECERR = 3
    CLOSED = 4  # no PING since the reset of the link, which forgot what was executed
    UNKNOWN = 5  # the opcode
    ILLEGAL = 6  # length of the frame, address or length
    BUSY = 7  # the bus still owes the answer to a request that ended with TIMEOUT
    TIMEOUT = 8  # the bus did nothing for too long


REQUEST_HEADER = struct.Struct("<BH")  # opcode, sequence number
ANSWER_HEADER = struct.Struct("<BHB")  # opcode | ANSWER, sequence number, status
REGISTER_READ = struct.Struct("<I")  # byte address
REGISTER_WRITE = struct.Struct("<II")  # byte address, value
MEMORY_READ = struct.Struct("<QH")  # byte address, bytes: 16 to 256
MEMORY_WRITE = struct.Struct("<Q")  # byte address
MEMORY_CRC = struct.Struct("<QI")  # byte address, bytes: 16 to CRC_LIMIT
WORD = struct.Struct("<I")
IDENTITY = struct.Struct("<BIHIB")
"""Version of the protocol, build, PAYLOAD_LIMIT, CRC_LIMIT, bits of an address in memory."""

LONGEST_CONTENT = REQUEST_HEADER.size + MEMORY_WRITE.size + PAYLOAD_LIMIT + CRC_BYTES
