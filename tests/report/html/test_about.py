# SPDX-License-Identifier: Apache-2.0
"""The panel, and a template for all that can be opened."""

from streamhw.report.edges import edges_of
from streamhw.report.facts import Facts
from streamhw.report.html.about import about
from streamhw.report.html.boxes import boxes_of
from streamhw.report.summary import Summary
from tests.report.html.elements import read


def test_everything_has_a_template(facts: Facts, summary: Summary) -> None:
    found = read(about(facts, summary, None, None, ()))
    keys = [a["data-about"] for name, a in found.seen if name == "template"]
    wanted = {f"part {name}" for name in boxes_of(facts)}
    wanted |= {f"part {part.name}" for part in facts.parts}
    wanted |= {f"edge {stream.name}" for stream in facts.streams}
    wanted |= {
        f"way {edge.name}"
        for edge in edges_of(facts)
        if len(edge.streams) > 1 and edge.value is not None
    }
    assert sorted(str(key) for key in keys) == sorted(wanted)
    panel = next(a for name, a in found.seen if name == "aside")
    assert panel["hidden"] == "" and panel["aria-labelledby"] == "about-title"


def test_titles_are_for_people(facts: Facts, summary: Summary) -> None:
    found = read(about(facts, summary, None, None, ()))
    said = {a["data-about"]: a for name, a in found.seen if name == "template"}
    assert said["part qkv"]["data-what"] == "on matmul_w8"
    assert said["way residual_1_i_b"]["data-title"] == "matmul_w8 to residual_1"
    assert said["edge residual_1_i_a"]["data-what"] == "stream of x"
