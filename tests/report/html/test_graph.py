# SPDX-License-Identifier: Apache-2.0
"""The dataflow graph: kernels with the values between them, and all parts and streams."""

from streamhw.report.edges import edges_of
from streamhw.report.facts import Facts
from streamhw.report.html.boxes import boxes_of, ends, is_back
from streamhw.report.html.graph import graph, way
from tests.report.html.elements import Checker, read


def drawings(facts: Facts) -> dict[str, Checker]:
    """Both, read apart."""
    _, kernels, parts = graph(facts).split("data-drawing=")
    found = {}
    for name, text in (("kernels", kernels), ("parts", parts)):
        found[name] = read("<svg data-drawing=" + text.split("</svg>")[0] + "</svg>")
    return found


def nodes(found: Checker) -> list[str]:
    return [name for _, a in found.seen if (name := a.get("data-node")) is not None]


def test_kernels_without_what_only_passes_values(facts: Facts) -> None:
    found = drawings(facts)["kernels"]
    assert nodes(found) == [n for n, box in boxes_of(facts).items() if not box.part.passes]
    lines = {(a["data-from"], a["data-to"]) for _, a in found.seen if "data-from" in a}
    valued = [edge for edge in edges_of(facts) if edge.value is not None]
    assert lines == {ends(edge) for edge in valued}
    opened = {a["data-open"] for _, a in found.seen if "data-from" in a}
    assert opened <= {way(edge.name, len(edge.streams)) for edge in valued}


def test_all_parts_with_a_label_on_every_stream(facts: Facts) -> None:
    found = drawings(facts)["parts"]
    streams = [s for s in facts.streams if s.value is not None]
    labels = [f"stream {s.name}" for s in streams if not is_back(s)]
    assert len(labels) == len(streams) - 1
    assert sorted(nodes(found)) == sorted([*boxes_of(facts), *labels])
    drawn = {a["data-open"] for _, a in found.seen if "data-from" in a}
    assert drawn == {f"edge {s.name}" for s in streams}
    assert found.seen[0][1]["hidden"] == ""


def test_words_in_boxes(facts: Facts) -> None:
    words = read(graph(facts)).text
    assert "sequencer (next step)" in words  # the other end of the loop over tokens
    assert "on matmul_w8" in words and "qkv" in words and "softmax" not in words
    assert "Softmax" in words
