# SPDX-License-Identifier: Apache-2.0
"""The dataflow graph: a box for each part and product, a line and a label for each stream."""

from streamhw.report.facts import Facts, PartKind
from streamhw.report.html.graph import graph
from streamhw.stream.spec import Role
from tests.report.html.elements import read


def test_boxes_and_streams(facts: Facts) -> None:
    found = read(graph(facts))
    boxes = [a["class"] for name, a in found.seen if (a.get("class") or "").startswith("box ")]
    valued = [stream for stream in facts.streams if stream.value is not None]
    ends = {stream.source.instance for stream in valued} | {s.sink.instance for s in valued}
    parts = [part for part in facts.parts if part.name in ends]
    assert boxes.count("box fork") == sum(part.kind is PartKind.FORK for part in parts)
    assert boxes.count("box converter") == sum(part.converter is not None for part in parts)
    assert boxes.count("box product") == sum(map(len, facts.engines.values()))
    labels = [a["data-edge"] for name, a in found.seen if a.get("class") == "label"]
    back = [s.name for s in valued if s.source_port.role is Role.LOOP_BACK]
    assert len(back) == 1
    assert sorted(labels) == sorted(s.name for s in valued if s.name not in back)
    assert sum(a.get("class") == "stream back" for _, a in found.seen) == 1


def test_words_in_boxes(facts: Facts) -> None:
    words = read(graph(facts)).text
    assert "sequencer (next step)" in words  # the other end of the loop over tokens
    assert "on matmul_w8" in words and "qkv" in words and "softmax" not in words
    assert "Softmax" in words
