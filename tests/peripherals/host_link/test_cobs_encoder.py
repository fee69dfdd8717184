# SPDX-License-Identifier: Apache-2.0
"""COBS encoder: the same code as the host's, for every border of blocks, under stalls."""

from random import Random

import pytest

from streamhw.peripherals.host_link.cobs_encoder import CobsEncoder
from streamhw.runtime.serial.framing import cobs_encoded
from streamhw.testing import run_streams

RNG = Random(4)
CONTENTS = [
    b"\1",
    b"\0",
    b"\0\0",
    b"\0a\0",
    *(bytes(n % 255 + 1 for n in range(length)) for length in (253, 254, 255, 508, 509)),
    bytes(range(1, 255)) + b"\0",
    bytes(range(1, 255)) + b"\0\0a",
    *(bytes(RNG.choice((0, 7, 255)) for _ in range(length)) for length in (20, 60)),
]


@pytest.mark.parametrize(("source", "sink"), [("always", "always"), ("bursts", "often")])
def test_frames(source: str, sink: str) -> None:
    beats = [
        byte | (n == len(content) - 1) << 8
        for content in CONTENTS
        for n, byte in enumerate(content)
    ]
    wanted = b"".join(b"\0" + cobs_encoded(content) + b"\0" for content in CONTENTS)
    run = run_streams(
        CobsEncoder(), inputs={"i": beats}, outputs={"o": len(wanted)}, source=source, sink=sink
    )
    assert bytes(run.beats["o"]) == wanted
