# SPDX-License-Identifier: Apache-2.0
"""Details of edges: both types, converters, the formula of each depth, what a run measured."""

from dataclasses import replace

from streamhw.report.edges import DataflowEdge, edges_of
from streamhw.report.facts import Facts
from streamhw.report.html.about_edge import about_edge
from streamhw.report.measured import Measured, StreamWaits
from tests.report.html.elements import read


def edge(facts: Facts, name: str) -> DataflowEdge:
    return next(edge for edge in edges_of(facts) if edge.name == name)


def test_an_edge_through_a_converter_has_both_types(facts: Facts) -> None:
    found = edge(facts, "residual_1_i_b")
    text = about_edge(found, facts, None)
    read_again = read(text)
    words = " ".join(read_again.text)
    assert "As matmul_w8 sends it" in words and "As residual_1 takes it" in words
    assert "converter residual_1_i_b_convert" in words and "6,144 bits" in words
    assert text.count("loop differs") == 2 and "The orders part at beat 2" in words
    opened = [a["data-open"] for _, a in read_again.seen if "data-open" in a]
    assert opened == ["part matmul_w8", "part residual_1_i_b_convert", "part residual_1"]


def test_a_stream_has_one_type_and_the_formula_of_its_depth(facts: Facts) -> None:
    stream = next(s for s in facts.streams if s.name == "residual_1_i_a")
    words = " ".join(read(about_edge(DataflowEdge((stream,), ()), facts, None)).text)
    assert "Type of the stream" in words and "sends it" not in words
    assert "depth = min { d" in words and "= 64" in words
    assert "takes its first beat" in words  # the chain of tight constraints
    assert "Measured" not in words


def test_waits_of_a_run(facts: Facts) -> None:
    waits = StreamWaits(transfers=100, blocked=40, starved=60)
    made = Measured(
        prompt=1, token_cycles=(300, 100), streams={"norm_1_i": waits}, peaks={"norm_1_i": 2}
    )
    words = " ".join(read(about_edge(edge(facts, "norm_1_i"), facts, made)).text)
    assert "run of 400 cycles: 100 beats passed; 40 cycles one was offered" in words
    assert "passed 25.0%" in words and "offered, not taken 10.0%" in words
    assert "wanted, not there 15.0%" in words and "neither 50.0%" in words
    other = replace(made, streams={})
    assert "Measured" not in about_edge(edge(facts, "norm_1_i"), facts, other)
