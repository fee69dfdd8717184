# SPDX-License-Identifier: Apache-2.0
"""COBS and frames: known codes, no zeros, and whatever is cut or joined costs what it touches."""

from random import Random

import pytest

from streamhw.runtime.serial.framing import FrameReader, cobs_decoded, cobs_encoded, frame

RUN = bytes(range(1, 255))
KNOWN = {
    b"": b"\1",
    b"\0": b"\1\1",
    b"\0\0": b"\1\1\1",
    b"\0\x11\0": b"\1\2\x11\1",
    b"\x11\x22\0\x33": b"\3\x11\x22\2\x33",
    RUN: b"\xff" + RUN,
    b"\0" + RUN: b"\1\xff" + RUN,
    RUN + b"\xff": b"\xff" + RUN + b"\2\xff",
    RUN + b"\0": b"\xff" + RUN + b"\1\1",
    RUN + b"\0a": b"\xff" + RUN + b"\1\2a",
}
"""Codes as the paper of COBS has them."""


@pytest.mark.parametrize(
    "content", KNOWN, ids=lambda content: f"{len(content)}_{content[-2:].hex()}"
)
def test_known_codes(content: bytes) -> None:
    assert cobs_encoded(content) == KNOWN[content]
    assert cobs_decoded(KNOWN[content]) == content


@pytest.mark.parametrize("seed", range(3))
def test_there_and_back(seed: int) -> None:
    rng = Random(seed)
    for _ in range(200):
        content = bytes(rng.choice((0, rng.randrange(256), 1)) for _ in range(rng.randrange(600)))
        content = content.replace(b"\0", b"\1") if rng.random() < 0.3 else content
        code = cobs_encoded(content)
        assert 0 not in code and len(code) <= len(content) + 1 + len(content) // 254
        assert cobs_decoded(code) == content


@pytest.mark.parametrize("code", [b"\3a", b"\xff" + RUN[:-1], b"\2a\2"])
def test_a_cut_code_is_none(code: bytes) -> None:
    assert cobs_decoded(code) is None


def test_frames_in_pieces() -> None:
    contents = [b"a", b"\0\0", bytes(300)]
    line = b"".join(map(frame, contents))
    for step in (1, 7, len(line)):
        reader = FrameReader()
        pieces = [line[at : at + step] for at in range(0, len(line), step)]
        assert [found for piece in pieces for found in reader.take(piece)] == contents
        assert reader.bad == 0


def test_a_changed_byte_costs_one_frame() -> None:
    """Two if it is the delimiter between them."""
    one = frame(b"one")
    line = one + frame(b"two") + frame(b"three")
    for at in range(len(line)):
        for changed in (
            line[:at] + line[at + 1 :],
            line[:at] + bytes([line[at] ^ 2]) + line[at + 1 :],
        ):
            reader = FrameReader()
            found = list(reader.take(changed))
            assert len(found) >= 2
            assert found == [c for c in (b"one", b"two", b"three") if c in found]
            assert reader.bad + len(found) >= 3 or changed.count(0) == line.count(0) - 1
