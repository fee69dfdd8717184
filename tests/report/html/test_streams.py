# SPDX-License-Identifier: Apache-2.0
"""Tables of FIFOs and converters: every queue once, sums beside the rows."""

from streamhw.report.facts import Facts
from streamhw.report.html.streams import converters, fifos
from streamhw.report.measured import Measured
from tests.report.html.elements import read


def test_every_queue_has_its_row(facts: Facts) -> None:
    queues = [stream for stream in facts.streams if stream.depth]
    found = read(fifos(facts, None))
    words = " ".join(found.text)
    assert sum(name == "tr" for name, _ in found.seen) == len(queues) + 2
    assert {f"edge {stream.name}" for stream in queues} == {
        a["data-open"] for _, a in found.seen if "data-open" in a
    }
    total = sum(stream.depth * stream.bits for stream in queues)
    assert f"{len(queues)} queues hold {total:,} bits" in words and "No run was recorded" in words


def test_full_queues_are_marked(facts: Facts, measured: Measured) -> None:
    """The fixture's run filled every queue; in those of two beats that is nothing to see."""
    found = read(fifos(facts, measured))
    deep = sum(stream.depth > 2 for stream in facts.streams)
    assert sum(a.get("class") == "warn" for _, a in found.seen) == deep > 0
    assert "Measured: the highest level" in " ".join(found.text)


def test_converters_and_their_sum(facts: Facts) -> None:
    held = [part.converter for part in facts.parts if part.converter is not None]
    words = " ".join(read(converters(facts)).text)
    assert f"{len(held)} layout converters hold {sum(c.bits for c in held):,} bits" in words
    assert f"{sum(c.pingpong_bits for c in held):,} bits of ping-pong buffers" in words
