# SPDX-License-Identifier: Apache-2.0
"""Boxes of the graph: one of each part or product, with the look of its kind."""

from streamhw.report.edges import edges_of
from streamhw.report.facts import Facts, PartKind
from streamhw.report.html.boxes import boxes_of, ends, is_back, short_type
from streamhw.stream.spec import Role


def test_each_part_with_values_and_each_product_has_a_box(facts: Facts) -> None:
    boxes = boxes_of(facts)
    products = [name for names in facts.engines.values() for name in names]
    assert {name for name, box in boxes.items() if box.cls == "product"} == set(products)
    for box in boxes.values():
        assert (box.cls == "converter") == (box.part.converter is not None)
        assert (box.cls == "outside") == (
            box.part.kind in (PartKind.MEMORY, PartKind.INFRASTRUCTURE)
        )
    assert boxes["norm_1"].lines == ("norm_1", "Norm")
    converter = boxes["residual_1_i_b_convert"]
    assert converter.lines == ("convert 8\N{MULTIPLICATION SIGN}32", "6,144 bits")


def test_an_edge_has_the_ends_of_its_first_and_last_stream(facts: Facts) -> None:
    edge = next(edge for edge in edges_of(facts) if edge.name == "residual_1_i_b")
    assert len(edge.streams) > 1 and ends(edge) == ("attention_out", "residual_1")
    assert ends(edge.streams[0])[0] == "attention_out"
    last = next(s for s in facts.streams if s.sink_port.role is Role.NEXT_TOKEN)
    assert ends(last)[1] == "sequencer (next step)"


def test_one_stream_goes_back(facts: Facts) -> None:
    back = [stream for stream in facts.streams if is_back(stream)]
    assert [stream.source_port.role for stream in back] == [Role.LOOP_BACK]
    assert sum(map(is_back, edges_of(facts))) == 1


def test_a_beat_in_short(facts: Facts) -> None:
    stream = next(stream for stream in facts.streams if stream.name == "residual_1_i_a")
    assert short_type(stream.consumed) == "1\N{MULTIPLICATION SIGN}4 of s24.16"
