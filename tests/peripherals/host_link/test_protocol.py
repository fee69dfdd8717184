# SPDX-License-Identifier: Apache-2.0
"""Layouts of the protocol: sizes that both sides rely on, and limits that go together."""

from streamhw.peripherals.host_link import protocol
from streamhw.peripherals.host_link.protocol import Opcode, Status


def test_codes_fit_their_bytes_and_are_no_answers() -> None:
    assert all(0 < opcode < protocol.ANSWER for opcode in Opcode)
    assert all(status < 16 for status in Status)


def test_responses_of_a_bus_are_statuses() -> None:
    names = [Status(n).name for n in range(4)]
    assert names == ["OKAY", "EXOKAY", "SLVERR", "DECERR"]


def test_sizes() -> None:
    """As docs/host-link.md has them."""
    layouts = {
        "REQUEST_HEADER": 3,
        "ANSWER_HEADER": 4,
        "REGISTER_READ": 4,
        "REGISTER_WRITE": 8,
        "MEMORY_READ": 10,
        "MEMORY_WRITE": 8,
        "MEMORY_CRC": 12,
        "WORD": 4,
        "IDENTITY": 12,
    }
    assert {name: getattr(protocol, name).size for name in layouts} == layouts
    assert protocol.LONGEST_CONTENT == 3 + 8 + 256 + 4


def test_limits_are_whole_beats() -> None:
    assert protocol.PAYLOAD_LIMIT % protocol.BEAT == protocol.CRC_LIMIT % protocol.BEAT == 0
