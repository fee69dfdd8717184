# SPDX-License-Identifier: Apache-2.0
"""COBS decoder: frames as they were, and every delimiter ends whatever came before it."""

from random import Random

import pytest

from streamhw.peripherals.host_link.cobs_decoder import DECODED, CobsDecoder
from streamhw.runtime.serial.framing import cobs_encoded
from streamhw.testing import run_streams

END = DECODED.const({"byte": 0, "end": 1, "broken": 0}).as_bits()
BROKEN = DECODED.const({"byte": 0, "end": 1, "broken": 1}).as_bits()


def decoded(line: bytes, beats: int, **stalls: str) -> list[int]:
    return run_streams(
        CobsDecoder(), inputs={"i": list(line)}, outputs={"o": beats}, **stalls
    ).beats["o"]


@pytest.mark.parametrize(("source", "sink"), [("always", "always"), ("seldom", "bursts")])
def test_frames(source: str, sink: str) -> None:
    rng = Random(3)
    contents = [b"", b"\0", b"\0\0", bytes(range(1, 255)), bytes(range(1, 255)) + b"\0", b"a\0b"]
    contents += [bytes(rng.choice((0, 1, 200)) for _ in range(n)) for n in (5, 300)]
    line = b"".join(cobs_encoded(content) + b"\0" for content in contents)
    wanted = [beat for content in contents for beat in (*content, END)]
    assert decoded(line, len(wanted), source=source, sink=sink) == wanted


@pytest.mark.parametrize("lost", range(1, 6))
def test_a_lost_byte_costs_one_frame(lost: int) -> None:
    """What is cut short is called broken; the frame behind it is whole."""
    frame = cobs_encoded(b"hello") + b"\0"
    line = frame[:lost] + frame[lost + 1 :] + frame
    found = decoded(line, 4 + 1 + 5 + 1)
    assert found[4] == BROKEN
    assert found[5:] == [*b"hello", END]


def test_delimiters_alone_are_empty_frames() -> None:
    assert decoded(b"\0\0\0", 3) == [END] * 3
