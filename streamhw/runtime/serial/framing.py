# SPDX-License-Identifier: Apache-2.0
"""Frames on a line of bytes: COBS code, delimiter, CRC-32."""

import zlib
from collections.abc import Iterator

from ...peripherals.host_link.protocol import CRC_BYTES, DELIMITER

__all__ = ["FrameReader", "cobs_decoded", "cobs_encoded", "frame"]

LONGEST_BLOCK = 254
"""Bytes of a block that no zero follows."""


def cobs_encoded(content: bytes) -> bytes:
    """The COBS code of the content: as long and a byte more for each 254, and without zeros."""
    code = bytearray()
    pieces = content.split(b"\0")
    for behind, piece in zip(reversed(range(len(pieces))), pieces, strict=True):
        # That a zero follows is in the code of a shorter block.
        while len(piece) > LONGEST_BLOCK - bool(behind):
            code += bytes([LONGEST_BLOCK + 1]) + piece[:LONGEST_BLOCK]
            piece = piece[LONGEST_BLOCK:]
        code += bytes([len(piece) + 1]) + piece
    return bytes(code)


def cobs_decoded(code: bytes) -> bytes | None:
    """The content of a COBS code without its delimiter; ``None`` if its last block is cut short."""
    content = bytearray()
    at, zero = 0, False
    while at < len(code):
        content += b"\0" if zero else b""
        length = code[at]
        block = code[at + 1 : at + length]
        if length == 0 or len(block) != length - 1:
            return None
        content += block
        zero = length <= LONGEST_BLOCK
        at += length
    return bytes(content)


def frame(content: bytes) -> bytes:
    """The content with its CRC, between two delimiters: the first ends whatever came before."""
    checked = content + zlib.crc32(content).to_bytes(CRC_BYTES, "little")
    return bytes([DELIMITER]) + cobs_encoded(checked) + bytes([DELIMITER])


class FrameReader:
    """Cuts bytes as they come into the contents of frames.

    bad: frames so far that were lost or changed on the way
    """

    def __init__(self) -> None:
        self.bad = 0
        self._begun = bytearray()

    def take(self, data: bytes) -> Iterator[bytes]:
        """Contents, without the CRC, of the frames that end in the next bytes."""
        *ended, begun = bytes(self._begun + data).split(bytes([DELIMITER]))
        self._begun = bytearray(begun)
        for code in filter(None, ended):
            content = cobs_decoded(code)
            if content is not None and len(content) >= CRC_BYTES:
                body, told = content[:-CRC_BYTES], content[-CRC_BYTES:]
                if zlib.crc32(body).to_bytes(CRC_BYTES, "little") == told:
                    yield body
                    continue
            self.bad += 1
