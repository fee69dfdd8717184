# SPDX-License-Identifier: Apache-2.0
"""Edges of a design, and the names by which a user may mean one."""

import pytest

from streamhw.errors import UserError
from streamhw.report.edges import edges_of, find_edge
from streamhw.report.facts import Facts
from streamhw.stream.spec import Role


def test_edges_cover_all_streams_once(facts: Facts) -> None:
    edges = edges_of(facts)
    streams = [stream.name for edge in edges for stream in edge.streams]
    assert set(streams) == {stream.name for stream in facts.streams}
    assert len({edge.name for edge in edges}) == len(edges)
    for edge in edges:
        assert len(edge.through) == len(edge.streams) - 1
        for before, part, after in zip(edge.streams, edge.through, edge.streams[1:], strict=False):
            assert before.sink.instance == part.name == after.source.instance and part.passes
            assert before.sink_port.role is after.source_port.role is Role.DATA


@pytest.mark.parametrize(
    "name",
    [
        "residual_1_i_b",
        "residual_1.i_b",
        "residual_1_i_b_convert_i",
        "residual_1_i_b_conv",
        "matmul_w8.o_attention_out->residual_1.i_b",
        "matmul_w8 -> residual_1",
        "matmul_w8.o_att->resid",
    ],
)
def test_names_of_an_edge(facts: Facts, name: str) -> None:
    assert find_edge(facts, name).name == "residual_1_i_b"


def test_names_of_several_or_none(facts: Facts) -> None:
    with pytest.raises(UserError, match=r"must name one edge, not \d+ of them") as error:
        find_edge(facts, "attention_scores")
    assert "attention_scores_i_q" in str(error.value.hint)
    with pytest.raises(UserError, match="must be one of the build's") as error:
        find_edge(facts, "residul_1_i_b")
    assert "residual_1_i_b" in str(error.value.hint)
    with pytest.raises(UserError) as error:
        find_edge(facts, "zzzzzz")
    assert "lists them" in str(error.value.hint)
